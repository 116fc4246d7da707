// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TellerProtocol

/// Shorthand for what is kept of the chain.
enum ChainSample {
    static let wallet = "0:" + String(repeating: "e", count: 64)

    /// 64 digits that stand for `number`.
    static func hash(_ number: Int64) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: 64 - text.count) + text
    }

    static func message(
        _ number: Int64, sequence: Int64, paying withdrawals: [WithdrawalID] = [],
        wallet: String = wallet, at now: Timestamp = Sample.now
    ) -> PayoutMessage {
        PayoutMessage(
            hash: hash(number), wallet: wallet, sequence: sequence, validUntil: 1_800_000_060,
            payload: [0, UInt8(truncatingIfNeeded: number), 255], createdAt: now, updatedAt: now,
            items: withdrawals.enumerated().map { index, withdrawal in
                PayoutItem(
                    withdrawal: withdrawal, destination: "0:" + hash(Int64(index)),
                    amount: Sample.amount(100 + Int64(index)), bodyHash: hash(7))
            })
    }

    static func deposit(
        _ lt: LogicalTime, _ amount: Int64 = 10, to account: AccountKey? = nil,
        comment: String? = "memo", wallet: String = wallet
    ) -> Deposit {
        Deposit(
            wallet: wallet, lt: lt, transactionHash: hash(lt), source: "0:" + hash(9),
            amount: Sample.amount(amount), comment: comment,
            state: account == nil ? .unmatched : .credited, account: account, at: Sample.now)
    }

    static func strayPayment(_ lt: LogicalTime, comment: String? = nil) -> StrayPayment {
        StrayPayment(
            wallet: wallet, lt: lt, transactionHash: hash(lt), destination: "0:" + hash(8),
            amount: Sample.amount(5), bodyHash: hash(7), comment: comment, at: Sample.now)
    }

    /// An advance from that version, to a position with its number in every field.
    static func advance(from version: Int64, wallet: String = wallet) -> WalletAdvance {
        let number = version + 1
        return WalletAdvance(
            wallet: wallet, expectedVersion: version,
            position: WalletPosition(
                lt: number * 1000, transactionHash: hash(number),
                readUntil: 1_800_000_000 + number, balance: Sample.amount(number),
                received: Sample.amount(2 * number), sent: Sample.amount(3 * number),
                fees: Sample.amount(4 * number), sequence: 5 * number, version: number))
    }

    /// An advance that credits each of `accounts` with 10, by a deposit of its own.
    static func deposits(
        from version: Int64, to accounts: [AccountKey], fence: Fence? = nil
    ) -> WalletAdvance {
        var advance = advance(from: version)
        for (index, account) in accounts.enumerated() {
            advance.deposits.append(deposit(version * 1000 + Int64(index), to: account))
            advance.commands.append(Sample.credit(account, 10, reference: "deposit"))
        }
        advance.fence = fence
        return advance
    }
}

extension WalletAdvanceResult {
    var isAdvanced: Bool { if case .advanced = self { true } else { false } }

    var refusals: [LedgerRefusal?]? {
        if case .refused(let outcomes) = self { outcomes.map(\.refusal) } else { nil }
    }
}
