// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Ledger
import Synchronization

/// A prepared statement with its parameters.
struct Query: Sendable {
    let statement: Statement
    let parameters: Parameters

    init(_ statement: Statement, _ parameters: Parameters = Parameters()) {
        self.statement = statement
        self.parameters = parameters
    }
}

/// Connections beside those of the batches, each with a thread of its own and a bounded queue.
final class ConnectionPool: Sendable {
    /// Calls that may wait for one connection; one more is refused.
    static let queuedCallsMax = 1000

    private final class Lane: Sendable {
        let thread: DispatchQueue
        let session: Mutex<Session>
        let queued = Atomic<Int>(0)
        /// Whether the last call left a connection.
        let isConnected = Atomic<Bool>(false)

        init(_ label: String, _ session: consuming sending Session) {
            thread = DispatchQueue(label: label)
            self.session = Mutex(session)
        }
    }

    /// Who waits for a call's answer; nobody once it has been given.
    private final class Caller<Value: Sendable>: Sendable {
        private let waiter = Mutex<CheckedContinuation<Result<Value, StoreError>, Never>?>(nil)

        var isWaiting: Bool { waiter.withLock { $0 != nil } }

        func wait(_ continuation: CheckedContinuation<Result<Value, StoreError>, Never>) {
            waiter.withLock { $0 = continuation }
        }

        func answer(_ result: Result<Value, StoreError>) {
            waiter.withLock { $0.take() }?.resume(returning: result)
        }
    }

    /// What is done with a connection; it leaves no transaction open.
    typealias Work<Value> = @Sendable (inout Connection) throws(StoreError) -> Value

    private let name: String
    private let lanes: [Lane]

    /// - Parameter limits: how long one call may take.
    init(
        _ name: String, count: Int, connectionString: String, statements: [Statement],
        planLife: Duration, limits: Session.Limits = .unhurried
    ) {
        self.name = name
        lanes = (0..<count).map { index in
            Lane(
                "teller.postgres.\(name)-\(index)",
                Session(
                    connectionString, statements: statements, planLife: planLife, limits: limits))
        }
    }

    /// Runs one statement; see `run`.
    func run<Value: Sendable>(
        _ statement: Statement, _ parameters: Parameters = Parameters(),
        _ decode: @escaping @Sendable (ResultRows) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        try await run([Query(statement, parameters)]) { results throws(StoreError) in
            try decode(results[0])
        }
    }

    /// Runs `queries` as one transaction; see `use`. They must do nothing the second time that they
    /// have done the first.
    func run<Value: Sendable>(
        _ queries: [Query], endsWhenCancelled: Bool = false,
        _ decode: @escaping @Sendable ([ResultRows]) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        try await use(endsWhenCancelled: endsWhenCancelled) { connection throws(StoreError) in
            for query in queries { try connection.send(query.statement, query.parameters) }
            return try decode(connection.finish())
        }
    }

    /// Does `work` with the connection that has the shortest queue, and again when that had been
    /// lost and the work has failed as `unavailable`.
    ///
    /// - Parameter endsWhenCancelled: whether the call returns at once when its task is cancelled,
    ///   and does not begin any more.
    func use<Value: Sendable>(
        endsWhenCancelled: Bool = false, _ work: @escaping Work<Value>
    ) async throws(StoreError) -> Value {
        let lane = lanes.min { left, right in
            left.queued.load(ordering: .relaxed) < right.queued.load(ordering: .relaxed)
        }
        guard let lane else { throw StoreError(.unavailable, "there are no connections") }
        guard lane.queued.load(ordering: .relaxed) < Self.queuedCallsMax else {
            throw StoreError(.unavailable, "too many calls wait")
        }
        lane.queued.add(1, ordering: .relaxed)
        let caller = Caller<Value>()
        let cancelled = StoreError(.unavailable, "the call was cancelled")
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                caller.wait(continuation)
                // One that is cancelled from here on is found waiting by the handler.
                if endsWhenCancelled, Task.isCancelled { caller.answer(.failure(cancelled)) }
                lane.thread.async {
                    if caller.isWaiting {
                        caller.answer(Self.run(lane, work) { caller.isWaiting })
                    }
                    lane.queued.subtract(1, ordering: .relaxed)
                }
            }
        } onCancel: {
            if endsWhenCancelled { caller.answer(.failure(cancelled)) }
        }
        return try result.get()
    }

    /// How the connections are, without waiting for those at work.
    var usage: PostgresStore.PoolUsage {
        var usage = PostgresStore.PoolUsage(pool: name)
        for lane in lanes {
            usage.add(
                isConnected: lane.isConnected.load(ordering: .relaxed),
                isBusy: lane.queued.load(ordering: .relaxed) > 0)
        }
        return usage
    }

    func close() {
        for lane in lanes {
            lane.thread.async { lane.session.withLock { $0.close() } }
        }
    }

    private static func run<Value>(
        _ lane: Lane, _ work: Work<Value>, isWanted: () -> Bool
    ) -> Result<Value, StoreError> {
        // A connection the server has closed meanwhile shows it only when it is used.
        var result = attempt(lane, work)
        let isLost = lane.session.withLock { !$0.isConnected }
        if case .failure(let error) = result, error.code == .unavailable, isLost, isWanted() {
            result = attempt(lane, work)
        }
        return result
    }

    private static func attempt<Value>(
        _ lane: Lane, _ work: Work<Value>
    ) -> Result<Value, StoreError> {
        lane.session.withLock { session in
            defer { lane.isConnected.store(session.isConnected, ordering: .relaxed) }
            do throws(StoreError) {
                return .success(try session.run(work))
            } catch {
                return .failure(error)
            }
        }
    }
}
