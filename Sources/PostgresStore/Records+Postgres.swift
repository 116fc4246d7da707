// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TellerProtocol

// Rows in the order their statements name the columns.

extension ResultRows {
    func accounts() throws(StoreError) -> [Ledger.Account] {
        var accounts: [Ledger.Account] = []
        accounts.reserveCapacity(count)
        for row in 0..<count {
            accounts.append(
                Ledger.Account(
                    key: try accountKey(row, 0), available: try nanotons(row, 2),
                    held: try nanotons(row, 3), lastSequence: try int64(row, 4),
                    createdAt: try time(row, 5), updatedAt: try time(row, 6)))
        }
        return accounts
    }

    func entries() throws(StoreError) -> [Ledger.Entry] {
        var entries: [Ledger.Entry] = []
        entries.reserveCapacity(count)
        for row in 0..<count {
            entries.append(
                Ledger.Entry(
                    account: try accountKey(row, 0), sequence: try int64(row, 2),
                    kind: try choice(row, 3), availableDelta: try int64(row, 4),
                    heldDelta: try int64(row, 5), available: try nanotons(row, 6),
                    held: try nanotons(row, 7),
                    withdrawalID: isNull(row, 8) ? nil : try withdrawalID(row, 8),
                    reference: try optionalText(row, 9), at: try time(row, 10)))
        }
        return entries
    }

    func withdrawals() throws(StoreError) -> [Ledger.Withdrawal] {
        var withdrawals: [Ledger.Withdrawal] = []
        withdrawals.reserveCapacity(count)
        for row in 0..<count {
            withdrawals.append(
                Ledger.Withdrawal(
                    id: try withdrawalID(row, 0), account: try accountKey(row, 1),
                    amount: try nanotons(row, 3), fee: try nanotons(row, 4),
                    destination: Destination(
                        rawAddress: try text(row, 5), isBounceable: try bool(row, 6)),
                    comment: try optionalText(row, 7), state: try choice(row, 8),
                    version: try int64(row, 9), createdAt: try time(row, 10),
                    updatedAt: try time(row, 11), transactionHash: try optionalText(row, 12),
                    failureReason: try optionalText(row, 13)))
        }
        return withdrawals
    }

    func events(of id: WithdrawalID) throws(StoreError) -> [Ledger.WithdrawalEvent] {
        var events: [Ledger.WithdrawalEvent] = []
        for row in 0..<count {
            events.append(
                Ledger.WithdrawalEvent(
                    withdrawalID: id, sequence: try int64(row, 0), state: try choice(row, 1),
                    at: try time(row, 2), detail: try optionalText(row, 3)))
        }
        return events
    }

    func payouts() throws(StoreError) -> [WithdrawalID: Payout] {
        var payouts: [WithdrawalID: Payout] = [:]
        for row in 0..<count {
            let id = try withdrawalID(row, 0)
            payouts[id] = Payout(
                withdrawalID: id, gateway: try text(row, 1), reference: try text(row, 2),
                payload: blob(row, 3), createdAt: try time(row, 4))
        }
        return payouts
    }

    /// The key of a row of `findWithdrawalKeys`.
    func withdrawalKey(
        _ row: Int, of withdrawal: Ledger.Withdrawal
    ) throws(StoreError) -> KeyRecord {
        guard let key = IdempotencyKey(try text(row, 14)) else { throw corrupt(14) }
        return KeyRecord(
            scope: KeyScope(account: withdrawal.account, method: .withdrawCreate, key: key),
            subject: .withdrawal(withdrawal.id), firstSeenAt: withdrawal.createdAt,
            expiresAt: try time(row, 15))
    }

    /// The key of a row of `findCreditKeys`.
    func creditKey(_ row: Int, of entry: Ledger.Entry) throws(StoreError) -> KeyRecord {
        guard let key = IdempotencyKey(try text(row, 11)),
            let fingerprint = Fingerprint(bytes: blob(row, 12))
        else { throw corrupt(11) }
        return KeyRecord(
            scope: KeyScope(account: entry.account, method: .accountCredit, key: key),
            subject: .entry(entry.sequence, fingerprint), firstSeenAt: try time(row, 13),
            expiresAt: try time(row, 14))
    }

    func tokens() throws(StoreError) -> [TokenRecord] {
        var tokens: [TokenRecord] = []
        for row in 0..<count {
            guard let tenant = TenantID(try text(row, 1)) else { throw corrupt(1) }
            tokens.append(
                TokenRecord(
                    name: try text(row, 0), tenant: tenant, digest: blob(row, 2),
                    scopes: try text(row, 3).split(separator: " ").map(String.init),
                    createdAt: try time(row, 4),
                    expiresAt: isNull(row, 5) ? nil : try time(row, 5),
                    revokedAt: isNull(row, 6) ? nil : try time(row, 6)))
        }
        return tokens
    }

    func totals() throws(StoreError) -> LedgerTotals {
        var totals = LedgerTotals()
        for row in 0..<count {
            if isNull(row, 0) {
                totals.available = try nanotons(row, 1)
                totals.held = try nanotons(row, 2)
                totals.heldByDeals = try nanotons(row, 3)
                totals.dealsSetAside = Int(try int64(row, 4))
                totals.operationsUnknown = Int(try int64(row, 5))
                totals.oldestUnknown = isNull(row, 6) ? nil : try time(row, 6)
            } else {
                totals.unsettled[try choice(row, 0)] = LedgerTotals.Standing(
                    count: Int(try int64(row, 1)), oldestChange: try time(row, 2),
                    reserved: try nanotons(row, 3))
            }
        }
        return totals
    }

    func audit(limit: Int) throws(StoreError) -> LedgerAudit {
        var audit = LedgerAudit(violations: [], checked: count, last: nil)
        for row in 0..<count where try !bool(row, 2) {
            audit.violations.append(try accountKey(row, 0))
        }
        if count == limit, count > 0 { audit.last = try accountKey(count - 1, 0) }
        return audit
    }
}
