// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TellerProtocol

/// How lists are cut into pages.
enum Page {
    /// Rows on a page when the caller names no number.
    static let rowsStandard = 50
}

/// Opaque positions in lists.
///
/// A cursor names the last row of the page before, so rows inserted meanwhile neither repeat nor
/// hide a row. It also carries a digest of the account it belongs to: a cursor used with
/// another list is refused rather than misread.
enum Cursor {
    private enum Kind: UInt8 {
        case withdrawals = 1
        case entries = 2
        case events = 3
        case runs = 4
        case transitions = 5
        case policies = 6
        case deposits = 7
        case deals = 8
        case dealEvents = 9
    }

    static func text(after withdrawal: Ledger.Withdrawal) -> String {
        let uuid = withdrawal.id.uuid
        return encode(
            .withdrawals, scope: digest(withdrawal.account), words: [uuid.high, uuid.low])
    }

    static func text(after entry: Ledger.Entry) -> String {
        encode(.entries, scope: digest(entry.account), words: [UInt64(entry.sequence)])
    }

    static func text(after event: Ledger.WithdrawalEvent) -> String {
        encode(.events, scope: digest(event.withdrawalID), words: [UInt64(event.sequence)])
    }

    static func text(afterRun number: Int64, of task: String) -> String {
        encode(.runs, scope: digest(task.utf8), words: [UInt64(number)])
    }

    /// - Parameter task: nil for all tasks.
    static func text(afterTransition number: Int64, of task: String?) -> String {
        encode(.transitions, scope: digest((task ?? "").utf8), words: [UInt64(number)])
    }

    static func text(afterPolicy version: Int64, of upstream: String) -> String {
        encode(.policies, scope: digest(upstream.utf8), words: [UInt64(version)])
    }

    static func text(afterDeposit lt: LogicalTime, of list: String) -> String {
        encode(.deposits, scope: digest(list.utf8), words: [UInt64(lt)])
    }

    static func text(afterDeal id: DealID, of list: String) -> String {
        encode(.deals, scope: digest(list.utf8), words: [id.uuid.high, id.uuid.low])
    }

    static func text(after event: DealEvent) -> String {
        encode(
            .dealEvents, scope: digest(event.deal.description.utf8),
            words: [UInt64(event.sequence)])
    }

    /// The id to go on below; nil for the first page.
    static func deals(_ text: String?, of list: String) throws(RPCError) -> DealID? {
        guard let text else { return nil }
        let words = try decode(text, .deals, scope: digest(list.utf8), count: 2)
        return DealID(UUIDv7(high: words[0], low: words[1]))
    }

    /// The sequence to go on after; nil for the current state.
    static func dealEvents(_ text: String?, of id: DealID) throws(RPCError) -> Int64? {
        guard let text else { return nil }
        return try number(text, .dealEvents, scope: digest(id.description.utf8))
    }

    /// The logical time to go on below; nil for the first page.
    static func deposits(_ text: String?, of list: String) throws(RPCError) -> LogicalTime? {
        guard let text else { return nil }
        return try number(text, .deposits, scope: digest(list.utf8))
    }

    /// The version to go on below; nil for the first page.
    static func policies(_ text: String?, of upstream: String) throws(RPCError) -> Int64? {
        guard let text else { return nil }
        return try number(text, .policies, scope: digest(upstream.utf8))
    }

    /// The number to go on below; nil for the first page.
    static func runs(_ text: String?, of task: String) throws(RPCError) -> Int64? {
        guard let text else { return nil }
        return try number(text, .runs, scope: digest(task.utf8))
    }

    /// The number to go on after; nil for the present state.
    static func transitions(_ text: String?, of task: String?) throws(RPCError) -> Int64? {
        guard let text else { return nil }
        return try number(text, .transitions, scope: digest((task ?? "").utf8))
    }

    /// The id to go on below; nil for the first page.
    static func withdrawals(
        _ text: String?, of account: AccountKey
    ) throws(RPCError) -> WithdrawalID? {
        guard let text else { return nil }
        let words = try decode(text, .withdrawals, scope: digest(account), count: 2)
        return WithdrawalID(UUIDv7(high: words[0], low: words[1]))
    }

    /// The sequence to go on below; nil for the first page.
    static func entries(_ text: String?, of account: AccountKey) throws(RPCError) -> Int64? {
        guard let text else { return nil }
        return try number(text, .entries, scope: digest(account))
    }

    /// The sequence to go on after; nil for the current state.
    static func events(_ text: String?, of id: WithdrawalID) throws(RPCError) -> Int64? {
        guard let text else { return nil }
        return try number(text, .events, scope: digest(id))
    }

    // MARK: - Bytes: kind, scope (4), words (8 each), as base64url without padding.

    private static func encode(_ kind: Kind, scope: UInt32, words: [UInt64]) -> String {
        var bytes = [kind.rawValue]
        for shift in stride(from: UInt32(24), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: scope >> shift))
        }
        for word in words {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        return Base64URL.encode(bytes)
    }

    private static func decode(
        _ text: String, _ kind: Kind, scope: UInt32, count: Int
    ) throws(RPCError) -> [UInt64] {
        guard let bytes = Base64URL.decode(text), bytes.count == 5 + 8 * count,
            bytes[0] == kind.rawValue,
            bytes[1..<5].reduce(UInt32(0), { $0 << 8 | UInt32($1) }) == scope
        else { throw invalid }
        return (0..<count).map { index in
            bytes[(5 + 8 * index)..<(13 + 8 * index)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
    }

    /// The one number a cursor carries. Whoever forges one with a number no row can have gets no
    /// further: arithmetic on it would trap.
    private static func number(
        _ text: String, _ kind: Kind, scope: UInt32
    ) throws(RPCError) -> Int64 {
        guard let number = Int64(exactly: try decode(text, kind, scope: scope, count: 1)[0]) else {
            throw invalid
        }
        return number
    }

    static var invalid: RPCError {
        RPCError(
            reason: .cursorInvalid,
            fields: [.init(path: "cursor", problem: "is not a cursor of this list")])
    }

    private static func digest(_ account: AccountKey) -> UInt32 {
        digest("\(account.tenant.text)\0\(account.account.text)".utf8)
    }

    private static func digest(_ id: WithdrawalID) -> UInt32 { digest(id.description.utf8) }

    /// FNV-1a; it guards against mistakes, not against malice: a cursor opens nothing its caller
    /// may not read anyway.
    static func digest(_ bytes: some Sequence<UInt8>) -> UInt32 {
        bytes.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
    }
}
