// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Synchronization

/// Limits of the group committer.
package struct GroupCommitLimits: Sendable {
    /// Commands in one transaction at the most; what the store says it is good at.
    package var batchCommandsMax: Int
    /// Commands that may wait; one more is refused as overloaded.
    package var queuedCommandsMax = 20_000

    package init(batchCommandsMax: Int = 200) { self.batchCommandsMax = batchCommandsMax }
}

/// Why a command was not answered by the ledger.
package enum CommitError: Error, Sendable {
    /// The queue is full; nothing was done.
    case overloaded
    /// The ledger is closing; nothing was done.
    case closed
    /// The caller's task was cancelled. When `mayHaveRun` is false, nothing was done.
    case cancelled(mayHaveRun: Bool)
    case store(StoreError)
}

/// Is told what the group committers do. It must not wait.
package protocol CommitObserver: Sendable {
    /// Time since a fixed origin; it never goes back.
    var now: Duration { get }

    /// A command has been taken into a batch after having waited that long.
    func waited(_ time: Duration)

    /// A batch begins.
    func began(batchOf commands: Int)

    /// A command was turned away before it was queued.
    func refused(_ error: CommitError)

    /// A batch has made so many withdrawals.
    func created(withdrawals count: Int)

    /// A step of a withdrawal was made, or refused for its fence.
    func decided(_ command: LedgerCommand, _ outcome: LedgerOutcome)
}

/// Joins commands that arrive while a commit is in flight into the next batch.
///
/// There is no timer: a lone command commits at once, and under load a batch is as large as the
/// previous commit took long. One commit runs at a time, on a thread of its own.
///
/// ```
///  idle ── submit ──► committing ── batch done, queue empty ──► idle
///                        │   ▲
///                        └───┘ batch done, queue not empty: take the next batch
/// ```
package final class GroupCommitter: Sendable {
    /// Runs one batch; it may block.
    package typealias Commit =
        @Sendable (_ commands: [LedgerCommand]) throws(StoreError) -> [LedgerOutcome]

    private typealias Waiter = CheckedContinuation<Void, Never>

    /// A command and its caller. What varies is guarded by the committer's `state`.
    private final class Ticket: @unchecked Sendable {
        let command: LedgerCommand
        /// By the observer's clock.
        let submittedAt: Duration
        /// Nil before the caller waits, once it was answered, and once it has left.
        var waiter: Waiter?
        /// What the caller finds; set by whoever took `waiter`, before the caller is woken.
        var result: Result<LedgerOutcome, CommitError>?
        /// Whether it was taken into a batch.
        var isTaken = false

        init(_ command: LedgerCommand, at time: Duration) {
            self.command = command
            submittedAt = time
        }

        /// To be called by whoever took `waiter`.
        func wake(_ waiter: Waiter, _ result: Result<LedgerOutcome, CommitError>) {
            self.result = result
            waiter.resume()
        }
    }

    private struct State {
        /// Tickets not yet taken; those whose callers have left are dropped when their turn comes.
        var queue: [Ticket] = []
        var isCommitting = false
        var isClosed = false
        var drained: [CheckedContinuation<Void, Never>] = []
    }

    private let limits: GroupCommitLimits
    private let commit: Commit
    private let observer: (any CommitObserver)?
    private let thread = DispatchQueue(label: "teller.group-commit")
    private let state = Mutex(State())

    package init(
        limits: GroupCommitLimits = GroupCommitLimits(), observer: (any CommitObserver)? = nil,
        commit: @escaping Commit
    ) {
        self.limits = limits
        self.observer = observer
        self.commit = commit
    }

    /// Commits `command` with whatever else is waiting and returns what became of it.
    ///
    /// Cancelling the task returns at once; a command still queued is then taken back.
    package func submit(_ command: LedgerCommand) async throws(CommitError) -> LedgerOutcome {
        let ticket = Ticket(command, at: observer?.now ?? .zero)
        await withTaskCancellationHandler {
            await withCheckedContinuation { enqueue(ticket, $0) }
        } onCancel: {
            cancel(ticket)
        }
        guard let result = ticket.result else { preconditionFailure("woken without a result") }
        return try result.get()
    }

    /// Commands that wait for the commit in flight to end.
    package var queuedCount: Int { state.withLock { $0.queue.count } }

    /// Refuses new commands and returns once the queued ones are committed.
    package func close() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                state.isClosed = true
                guard state.isCommitting else { return true }
                state.drained.append(continuation)
                return false
            }
            if isIdle { continuation.resume() }
        }
    }

    private enum Admission {
        case queued(mustStart: Bool)
        case refused(CommitError)
    }

    private func enqueue(_ ticket: Ticket, _ waiter: Waiter) {
        let admission: Admission = state.withLock { state in
            // Looked at under the lock: a cancellation that comes later finds the ticket queued.
            if Task.isCancelled { return .refused(.cancelled(mayHaveRun: false)) }
            if state.isClosed { return .refused(.closed) }
            guard state.queue.count < limits.queuedCommandsMax else { return .refused(.overloaded) }
            ticket.waiter = waiter
            state.queue.append(ticket)
            let mustStart = !state.isCommitting
            state.isCommitting = true
            return .queued(mustStart: mustStart)
        }
        switch admission {
        case .queued(mustStart: true): thread.async { self.commitUntilIdle() }
        case .queued(mustStart: false): break
        case .refused(let error):
            observer?.refused(error)
            ticket.wake(waiter, .failure(error))
        }
    }

    private func cancel(_ ticket: Ticket) {
        let (waiter, mayHaveRun) = state.withLock { _ in (ticket.waiter.take(), ticket.isTaken) }
        if let waiter { ticket.wake(waiter, .failure(.cancelled(mayHaveRun: mayHaveRun))) }
    }

    private func commitUntilIdle() {
        while let batch = takeBatch() {
            if let observer {
                let now = observer.now
                observer.began(batchOf: batch.count)
                for ticket in batch { observer.waited(now - ticket.submittedAt) }
            }
            run(batch[...])
        }
    }

    /// Takes the next batch, without the commands whose callers have left; nil when idle.
    private func takeBatch() -> [Ticket]? {
        let (batch, drained): ([Ticket], [CheckedContinuation<Void, Never>]) = state.withLock {
            state in
            var batch: [Ticket] = []
            var looked = 0
            while batch.count < limits.batchCommandsMax, looked < state.queue.count {
                let ticket = state.queue[looked]
                looked += 1
                guard ticket.waiter != nil else { continue }
                ticket.isTaken = true
                batch.append(ticket)
            }
            state.queue.removeFirst(looked)
            guard batch.isEmpty else { return (batch, []) }
            state.isCommitting = false
            defer { state.drained = [] }
            return ([], state.drained)
        }
        for continuation in drained { continuation.resume() }
        return batch.isEmpty ? nil : batch
    }

    /// Commits the commands and answers their callers.
    ///
    /// When the store refuses the batch as a whole, it is halved until the one bad command stands
    /// alone: a batch never fails for a single command's sake.
    private func run(_ batch: ArraySlice<Ticket>) {
        do throws(StoreError) {
            let outcomes = try commit(batch.map(\.command))
            precondition(outcomes.count == batch.count)
            answer(batch) { .success(outcomes[$0]) }
        } catch {
            guard error.code == .rejected, batch.count > 1 else {
                answer(batch) { _ in .failure(.store(error)) }
                return
            }
            let half = batch.count / 2
            run(batch.prefix(half))
            run(batch.dropFirst(half))
        }
    }

    private func answer(
        _ batch: ArraySlice<Ticket>, _ result: (Int) -> Result<LedgerOutcome, CommitError>
    ) {
        let waiters = state.withLock { _ in batch.map { $0.waiter.take() } }
        for (index, (ticket, waiter)) in zip(batch, waiters).enumerated() {
            if let waiter { ticket.wake(waiter, result(index)) }
        }
    }
}
