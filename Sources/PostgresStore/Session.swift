// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger

/// A connection that is made when it is needed and made anew when it is lost.
///
/// While the server is away, attempts are spaced and everything in between fails at once, so that
/// callers don't pile up behind a connect timeout.
struct Session: ~Copyable {
    /// Nested loops over indexes only, planned once: see `BatchStatements`.
    ///
    /// A transaction whose owner falls silent is rolled back soon: halted or cut off in its middle,
    /// it would keep what it has locked, its lease too, and nobody could take over.
    static let settings = """
        SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
        SET enable_material = off; SET enable_bitmapscan = off; SET enable_sort = off;
        SET plan_cache_mode = force_generic_plan; SET jit = off;
        SET default_transaction_isolation = 'read committed';
        SET synchronous_commit = on; SET idle_in_transaction_session_timeout = '2s';
        """

    /// How long one call may take.
    struct Limits: Sendable {
        /// How long the server may be silent while an answer is due.
        var answerMilliseconds: Int32
        /// How long the server works on a statement, waiting for locks included; nil for as long
        /// as it takes.
        var statementMilliseconds: Int32?

        static let unhurried = Limits(answerMilliseconds: 10_000, statementMilliseconds: nil)
        /// For leases: an answer that comes later counts for nothing (`LeasePolicy.callTimeMax`).
        static let brief = Limits(answerMilliseconds: 1_500, statementMilliseconds: 1_000)
    }

    /// The pause after a failed attempt to connect.
    static let reconnectPause: Duration = .milliseconds(200)

    private let connectionString: String
    private let statements: [Statement]
    private var connection: Connection?
    private var failure: (error: StoreError, until: ContinuousClock.Instant)?
    private var isClosed = false
    private var planAge: PlanAge
    private let planLife: Duration
    private let limits: Limits

    init(
        _ connectionString: String, statements: [Statement], planLife: Duration,
        limits: Limits = .unhurried
    ) {
        self.connectionString = connectionString
        self.statements = statements
        self.planLife = planLife
        self.limits = limits
        planAge = PlanAge(life: planLife, now: .now)
    }

    /// Whether the last use has left a connection for the next one.
    var isConnected: Bool { connection != nil }

    /// Runs `body` with a usable connection; one that is not usable afterwards is let go.
    mutating func run<Value>(
        _ body: (inout Connection) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        if isClosed { throw StoreError(.unavailable, "the store is closed") }
        if let failure, ContinuousClock.now < failure.until { throw failure.error }
        var current: Connection
        if let kept = connection.take() {
            current = kept
        } else {
            current = try connect()
        }
        do throws(StoreError) {
            if planAge.isDue(at: .now) { try current.discardPlans() }
            let value = try body(&current)
            if current.isUsable { connection = consume current }
            return value
        } catch {
            if current.isUsable { connection = consume current }
            throw error
        }
    }

    mutating func close() {
        connection = nil
        isClosed = true
    }

    private mutating func connect() throws(StoreError) -> Connection {
        do throws(StoreError) {
            let timeout = limits.statementMilliseconds.map { " SET statement_timeout = \($0);" }
            let made = try Connection.open(
                connectionString, settings: Self.settings + (timeout ?? ""),
                statements: statements, answerMilliseconds: limits.answerMilliseconds)
            failure = nil
            planAge = PlanAge(life: planLife, now: .now)
            return made
        } catch {
            failure = (error, .now + Self.reconnectPause)
            throw error
        }
    }
}

/// When a connection's plans are too old: a plan fits the tables as they were when it was made.
///
/// Every plan goes when the connection has been used as often again as before it was made, so that
/// a table this connection fills has no more than doubled, and when its life is over, because
/// others fill tables, too. That holds without luck: the server makes plans anew by itself only
/// when it has analysed a table.
struct PlanAge {
    let life: Duration
    private var uses = 0
    private var usesWhenPlanned = 1
    private var plannedAt: ContinuousClock.Instant

    init(life: Duration, now: ContinuousClock.Instant) {
        self.life = life
        plannedAt = now
    }

    /// Counts a use of the connection.
    ///
    /// - Returns: whether the plans must go before it.
    mutating func isDue(at now: ContinuousClock.Instant) -> Bool {
        uses += 1
        guard uses >= 2 * usesWhenPlanned || now - plannedAt >= life else { return false }
        usesWhenPlanned = uses
        plannedAt = now
        return true
    }
}
