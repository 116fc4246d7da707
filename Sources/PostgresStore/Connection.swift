// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import CLibpq
import Glibc
import Ledger
import TellerProtocol

/// One libpq connection in pipeline mode. It blocks and belongs to one thread at a time.
///
/// Statements are prepared when it connects; parameters and results are binary. All unsafe code
/// of the store stands in this file and in `ResultRows`.
@safe
struct Connection: ~Copyable {
    /// What libpq uses unless the connection string says otherwise.
    private static let defaults = [
        ("application_name", "teller"), ("connect_timeout", "3"), ("tcp_user_timeout", "10000"),
        ("keepalives_idle", "10"), ("keepalives_interval", "3"), ("keepalives_count", "3"),
        ("client_encoding", "UTF8"),
    ]

    private let handle: OpaquePointer
    /// How long the server may be silent while an answer is due.
    private let answerMilliseconds: Int32
    /// What the connection that writes remembers of accounts.
    var accounts = AccountCache()
    /// Statements sent since the last `finish`.
    private var sent = 0
    /// Whether answers are due that have not all come: while `finish` waits for them, and for ever
    /// when it gave up, because the server was silent or said that it goes. What was sent may have
    /// been carried out, or may be yet; and as nobody could tell those answers from the next ones,
    /// the connection is never used again.
    private var isOwedAnswers = false

    private init(_ handle: OpaquePointer, answerMilliseconds: Int32) {
        unsafe self.handle = handle
        self.answerMilliseconds = answerMilliseconds
    }

    /// Connects and prepares `statements`.
    ///
    /// - Parameters:
    ///   - settings: SQL run first; the session's settings.
    ///   - answerMilliseconds: how long the server may be silent while an answer is due.
    static func open(
        _ connectionString: String, settings: String, statements: [Statement],
        answerMilliseconds: Int32 = Session.Limits.unhurried.answerMilliseconds
    ) throws(StoreError) -> Connection {
        var keywords = defaults.map(\.0)
        var values = defaults.map(\.1)
        // Keywords that come later win, so the string goes last; libpq expands it.
        keywords.append("dbname")
        values.append(connectionString)
        let handle = unsafe withCStrings(keywords) { keywords in
            unsafe withCStrings(values) { values in
                unsafe PQconnectdbParams(keywords, values, 1)
            }
        }
        guard let handle = unsafe handle else {
            throw StoreError(.unavailable, "libpq is out of memory")
        }
        var connection = unsafe Connection(handle, answerMilliseconds: answerMilliseconds)
        try connection.setUp(settings, statements)
        return connection
    }

    private mutating func setUp(
        _ settings: String, _ statements: [Statement]
    ) throws(StoreError) {
        guard isAlive else { throw lost() }
        // What the server says beside results is in its own log; standard error is not ours.
        unsafe PQsetNoticeProcessor(handle, { _, _ in }, nil)
        try run(settings)
        guard unsafe PQenterPipelineMode(handle) == 1 else { throw lost() }
        for statement in statements {
            guard unsafe PQsendPrepare(handle, statement.name, statement.sql, 0, nil) == 1 else {
                throw lost()
            }
            sent += 1
        }
        _ = try finish()
    }

    deinit { unsafe PQfinish(handle) }

    /// Whether the connection can still be used.
    var isUsable: Bool {
        unsafe isAlive && PQtransactionStatus(handle) == PQTRANS_IDLE
    }

    /// Whether the server is still there and answers.
    var isAlive: Bool { unsafe !isOwedAnswers && PQstatus(handle) == CONNECTION_OK }

    /// Runs plain SQL, several statements if need be; only for set-up, before pipeline mode.
    func run(_ sql: String) throws(StoreError) {
        let result = unsafe ResultRows(PQexec(handle, sql))
        try result.check()
    }

    /// Has every statement planned anew at its next use: one round trip.
    mutating func discardPlans() throws(StoreError) {
        try send(BatchStatements.discardPlans)
        _ = try finish()
    }

    /// Sends a prepared statement; `finish` gets its rows.
    mutating func send(
        _ statement: Statement, _ parameters: Parameters = Parameters()
    ) throws(StoreError) {
        guard !isOwedAnswers else { throw overdue() }
        let isSent = unsafe parameters.bytes.withUnsafeBufferPointer { bytes in
            let values = unsafe parameters.ranges.map { range -> UnsafePointer<CChar>? in
                guard let range, let base = bytes.baseAddress else { return nil }
                return unsafe UnsafeRawPointer(base + range.lowerBound)
                    .assumingMemoryBound(to: CChar.self)
            }
            let lengths = parameters.ranges.map { Int32($0?.count ?? 0) }
            let formats = [Int32](repeating: 1, count: lengths.count)
            return unsafe PQsendQueryPrepared(
                handle, statement.name, Int32(lengths.count), values, lengths, formats, 1) == 1
        }
        guard isSent else { throw lost() }
        sent += 1
    }

    /// Waits for the rows of everything sent, in order.
    ///
    /// - Throws: the first error; the server has then skipped what came after it.
    mutating func finish() throws(StoreError) -> [ResultRows] {
        guard !isOwedAnswers else { throw overdue() }
        isOwedAnswers = true
        guard unsafe PQpipelineSync(handle) == 1 else { throw lost() }
        var rows: [ResultRows] = []
        rows.reserveCapacity(sent)
        var failure: StoreError?
        for _ in 0..<sent {
            guard let result = try nextResult() else { throw lost() }
            do throws(StoreError) {
                try result.check()
                rows.append(result)
            } catch {
                if failure == nil { failure = error }
            }
            // Each statement's results end with a NULL.
            guard try nextResult() == nil else { throw lost() }
        }
        guard let sync = try nextResult(), sync.isPipelineSync else { throw lost() }
        sent = 0
        isOwedAnswers = false
        if let failure { throw failure }
        return rows
    }

    private func nextResult() throws(StoreError) -> ResultRows? {
        while unsafe PQflush(handle) == 1 { try wait(for: Int16(POLLIN | POLLOUT)) }
        while unsafe PQisBusy(handle) == 1 {
            try wait(for: Int16(POLLIN))
            guard unsafe PQconsumeInput(handle) == 1 else { throw lost() }
        }
        guard let result = unsafe PQgetResult(handle) else { return nil }
        return unsafe ResultRows(result)
    }

    private func wait(for events: Int16) throws(StoreError) {
        var descriptor = unsafe pollfd(fd: PQsocket(handle), events: events, revents: 0)
        var ready: Int32
        repeat {
            ready = unsafe poll(&descriptor, 1, answerMilliseconds)
        } while ready < 0 && errno == EINTR
        guard ready > 0 else { throw overdue() }
    }

    private func overdue() -> StoreError { StoreError(.unavailable, "the server does not answer") }

    private func lost() -> StoreError { StoreError(.unavailable, message) }

    private var message: String {
        unsafe String(cString: PQerrorMessage(handle))
    }
}

/// Calls `body` with a NULL-terminated array of C strings.
private func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
) -> Result {
    let copies = unsafe texts.map { unsafe strdup($0) }
    defer { unsafe copies.forEach { unsafe free($0) } }
    let pointers = unsafe copies.map { unsafe UnsafePointer($0) } + [nil]
    return unsafe pointers.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { preconditionFailure("it has one element") }
        return unsafe body(base)
    }
}
