// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Ledger
import Synchronization
import TellerProtocol
import TestSupport
import Testing

/// The committer with a store that waits until it is told to go on.
private final class GatedStore: Sendable {
    let batches = Mutex<[Int]>([])
    private let gate = DispatchSemaphore(value: 0)
    private let entered = DispatchSemaphore(value: 0)

    func commit(_ commands: [LedgerCommand]) throws(StoreError) -> [LedgerOutcome] {
        batches.withLock { $0.append(commands.count) }
        entered.signal()
        gate.wait()
        return try Self.decide(commands)
    }

    /// A credit of 666 is one the store can't take.
    static func decide(_ commands: [LedgerCommand]) throws(StoreError) -> [LedgerOutcome] {
        for case .credit(let credit) in commands where credit.amount == Sample.amount(666) {
            throw StoreError(.rejected, "666")
        }
        return commands.map { _ in .refused(.accountNotFound) }
    }

    func letOneThrough() { gate.signal() }

    /// Waits, off the tasks' threads, until a commit has begun.
    func waitForCommit() async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                self.entered.wait()
                continuation.resume()
            }
        }
    }
}

@Suite struct GroupCommitterTests {
    @Test func `a lone command commits at once and those that come meanwhile go together`()
        async throws
    {
        let store = GatedStore()
        let committer = GroupCommitter { commands throws(StoreError) in try store.commit(commands) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = try? await committer.submit(Sample.credit(1)) }
            await store.waitForCommit()
            for _ in 0..<50 { group.addTask { _ = try? await committer.submit(Sample.credit(1)) } }
            await committer.queued(50)
            store.letOneThrough()
            await store.waitForCommit()
            store.letOneThrough()
        }
        #expect(store.batches.withLock { $0 } == [1, 50])
    }

    @Test func `a batch never fails for one bad command`() async throws {
        let committer = GroupCommitter { commands throws(StoreError) in
            try GatedStore.decide(commands)
        }
        let results = await withTaskGroup(of: (Int, Bool).self) { group in
            for number in 0..<64 {
                group.addTask {
                    let command = Sample.credit(number == 17 ? 666 : 1)
                    return (number, (try? await committer.submit(command)) != nil)
                }
            }
            return await group.reduce(into: [Int: Bool]()) { $0[$1.0] = $1.1 }
        }
        #expect(results.filter { !$0.value }.map(\.key) == [17])
    }

    @Test func `a queued command that is cancelled never runs and one in flight may have`()
        async throws
    {
        let store = GatedStore()
        let committer = GroupCommitter { commands throws(StoreError) in try store.commit(commands) }
        let inFlight = Task { await Self.error(of: committer, Sample.credit(1)) }
        await store.waitForCommit()
        let queued = Task { await Self.error(of: committer, Sample.credit(1)) }
        await committer.queued(1)
        queued.cancel()
        inFlight.cancel()
        #expect(await queued.value == "cancelled(mayHaveRun: false)")
        #expect(await inFlight.value == "cancelled(mayHaveRun: true)")
        store.letOneThrough()
        await committer.close()
        #expect(store.batches.withLock { $0 } == [1])
    }

    @Test func `the queue is bounded and a closed committer takes nothing`() async throws {
        let store = GatedStore()
        var limits = GroupCommitLimits()
        limits.queuedCommandsMax = 2
        let committer = GroupCommitter(limits: limits) { commands throws(StoreError) in
            try store.commit(commands)
        }
        let first = Task { await Self.error(of: committer, Sample.credit(1)) }
        await store.waitForCommit()
        let waiting = (0..<2).map { _ in
            Task { await Self.error(of: committer, Sample.credit(1)) }
        }
        await committer.queued(2)
        #expect(await Self.error(of: committer, Sample.credit(1)) == "overloaded")
        let closing = Task { await committer.close() }
        store.letOneThrough()
        store.letOneThrough()
        await closing.value
        for task in [first] + waiting { #expect(await task.value == nil) }
        #expect(await Self.error(of: committer, Sample.credit(1)) == "closed")
    }

    private static func error(of committer: GroupCommitter, _ command: LedgerCommand) async
        -> String?
    {
        do throws(CommitError) {
            _ = try await committer.submit(command)
            return nil
        } catch {
            return "\(error)"
        }
    }
}

extension GroupCommitter {
    /// Returns when so many commands wait.
    fileprivate func queued(_ count: Int) async {
        while queuedCount < count { await Task.yield() }
    }
}
