// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// The operator's terms for withdrawals; the same for every account.
package struct WithdrawalPolicy: Sendable, Equatable {
    package var minimum: Nanotons
    package var maximum: Nanotons
    /// Added to every withdrawal and kept.
    package var fee: Nanotons

    /// The terms, or nil when they contradict themselves: the minimum is nothing or above the
    /// maximum, or the maximum with the fee is no amount.
    package init?(minimum: Nanotons, maximum: Nanotons, fee: Nanotons) {
        guard minimum > .zero, minimum <= maximum, maximum.adding(fee) != nil else { return nil }
        self.minimum = minimum
        self.maximum = maximum
        self.fee = fee
    }

    /// What a withdrawal of `amount` costs beyond it, or that it is out of range.
    package func admit(_ amount: Nanotons) -> CreateWithdrawal.Admission {
        guard (minimum...maximum).contains(amount) else {
            return .refused(.amountOutOfRange(minimum: minimum, maximum: maximum))
        }
        return .admitted(fee: fee)
    }
}
