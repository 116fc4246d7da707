// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Ledger
import Synchronization
import TellerProtocol

/// A connection that is made when it is needed and made anew when it is lost.
///
/// While the server is away, attempts are spaced and everything in between fails at once, so that
/// callers don't pile up behind a connect timeout.
struct Session: ~Copyable {
    /// Nested loops over indexes only, planned once: see `BatchStatements`.
    static let settings = """
        SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
        SET enable_material = off; SET plan_cache_mode = force_generic_plan; SET jit = off;
        SET default_transaction_isolation = 'read committed';
        SET synchronous_commit = on; SET idle_in_transaction_session_timeout = '30s';
        """

    /// The pause after a failed attempt to connect.
    static let reconnectPause: Duration = .milliseconds(200)

    private let connectionString: String
    private let statements: [Statement]
    private var connection: Connection?
    private var failure: (error: StoreError, until: ContinuousClock.Instant)?
    private var isClosed = false
    private var planAge: PlanAge
    private let planLife: Duration

    init(_ connectionString: String, statements: [Statement], planLife: Duration) {
        self.connectionString = connectionString
        self.statements = statements
        self.planLife = planLife
        planAge = PlanAge(life: planLife, now: .now)
    }

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
            let made = try Connection.open(
                connectionString, settings: Self.settings, statements: statements)
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

/// Reading connections, each with a thread of its own and a bounded queue.
final class ReaderPool: Sendable {
    /// Reads that may wait for one connection; one more is refused.
    static let queuedReadsMax = 1000

    private final class Lane: Sendable {
        let thread: DispatchQueue
        let session: Mutex<Session>
        let queued = Atomic<Int>(0)

        init(_ index: Int, _ connectionString: String, planLife: Duration) {
            thread = DispatchQueue(label: "teller.postgres.reader-\(index)")
            session = Mutex(
                Session(connectionString, statements: ReadStatements.all, planLife: planLife))
        }
    }

    private let lanes: [Lane]

    init(count: Int, connectionString: String, planLife: Duration) {
        lanes = (0..<count).map { Lane($0, connectionString, planLife: planLife) }
    }

    /// Runs one statement on the connection with the shortest queue.
    func read<Value: Sendable>(
        _ statement: Statement, _ parameters: Parameters,
        _ decode: @escaping @Sendable (ResultRows) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let lane = lanes.min { left, right in
            left.queued.load(ordering: .relaxed) < right.queued.load(ordering: .relaxed)
        }
        guard let lane else { throw StoreError(.unavailable, "there are no readers") }
        guard lane.queued.load(ordering: .relaxed) < Self.queuedReadsMax else {
            throw StoreError(.unavailable, "too many reads wait")
        }
        lane.queued.add(1, ordering: .relaxed)
        let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
            lane.thread.async {
                let result = Self.run(lane, statement, parameters, decode)
                lane.queued.subtract(1, ordering: .relaxed)
                continuation.resume(returning: result)
            }
        }
        return try result.get()
    }

    func close() {
        for lane in lanes {
            lane.thread.async { lane.session.withLock { $0.close() } }
        }
    }

    private static func run<Value>(
        _ lane: Lane, _ statement: Statement, _ parameters: Parameters,
        _ decode: @Sendable (ResultRows) throws(StoreError) -> Value
    ) -> Result<Value, StoreError> {
        // A connection the server has closed meanwhile shows it only when it is used; a read
        // may simply be done again.
        var result = attempt(lane, statement, parameters, decode)
        if case .failure(let error) = result, error.code == .unavailable {
            result = attempt(lane, statement, parameters, decode)
        }
        return result
    }

    private static func attempt<Value>(
        _ lane: Lane, _ statement: Statement, _ parameters: Parameters,
        _ decode: @Sendable (ResultRows) throws(StoreError) -> Value
    ) -> Result<Value, StoreError> {
        lane.session.withLock { session in
            do throws(StoreError) {
                let rows = try session.run { connection throws(StoreError) in
                    try connection.send(statement, parameters)
                    return try connection.finish()[0]
                }
                return .success(try decode(rows))
            } catch {
                return .failure(error)
            }
        }
    }
}
