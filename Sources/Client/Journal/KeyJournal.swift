// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

public import TellerProtocol

/// Remembers, across crashes, which keyed calls have been sent and not answered.
///
/// The client calls `begin` before a call's first send and sends nothing until it returns;
/// `complete` once the server's answer settles the call. What is pending after a crash is sent
/// again with the same key by `TellerClient.resumePending`.
public protocol KeyJournal: Sendable {
    /// Makes `entry` durable. An equal entry that is pending already is fine.
    ///
    /// - Throws: `JournalError`; the entry is then not pending and the call is not sent.
    func begin(_ entry: JournalEntry) async throws(JournalError)

    /// Forgets a settled call. It need not be durable: a forgotten completion costs one replay.
    func complete(_ entry: JournalEntry) async

    /// The calls that are not settled, oldest first.
    func pending() async -> [JournalEntry]
}

/// One keyed call.
public struct JournalEntry: Sendable, Hashable {
    public var method: String
    public var key: IdempotencyKey
    /// The call's params as JSON text, the key among them.
    public var params: [UInt8]

    public init(method: String, key: IdempotencyKey, params: [UInt8]) {
        self.method = method
        self.key = key
        self.params = params
    }
}

public struct JournalError: Error, Sendable, Equatable {
    public enum Code: Sendable, Equatable {
        /// The file cannot be opened, written or made durable.
        case io
        /// Another process has the journal open.
        case inUse
        /// The file's middle is damaged: pending keys may be lost, a human has to look.
        case corrupt
        /// Too many calls are pending, or one is too large.
        case full
        case closed
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
