// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Synchronization
import TellerProtocol

/// Values of the tests.
enum Sample {
    static func amount(_ nanotons: Int64) -> Nanotons {
        guard let amount = Nanotons(nanotons) else { preconditionFailure("\(nanotons)") }
        return amount
    }

    static func credit(_ nanotons: Int64) -> LedgerCommand {
        guard let account = AccountID("alice") else { preconditionFailure("alice") }
        return .credit(
            CreditAccount(
                account: AccountKey(tenant: .standard, account: account), amount: amount(nanotons),
                reference: nil, key: nil))
    }
}

/// A time of day that moves when it is told to.
final class ManualNow: Sendable {
    private let milliseconds: Mutex<Int64>

    init(_ milliseconds: Int64) { self.milliseconds = Mutex(milliseconds) }

    var now: Timestamp { Timestamp(unixMilliseconds: milliseconds.withLock { $0 }) }

    func set(_ value: Int64) { milliseconds.withLock { $0 = value } }
}
