// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Supervision
import Synchronization
import TestSupport
import Testing

/// Real supervisors that share one keeper of leases, under one clock that the tests move.
@Suite(.timeLimit(.minutes(1))) struct LeaderTests {
    @Test func `the instances run the child one after another, each in a higher epoch`()
        async throws
    {
        try await withCluster { cluster in
            await cluster.pass { cluster.leaders.count == 1 }
            let first = try #require(cluster.contexts.first)
            let lease = try #require(first.lease)
            #expect(lease.name == "task")
            #expect(cluster.keeper.accepts(lease))
            let leader = try #require(cluster.leaders.first)
            for name in Cluster.names where name != leader {
                let status = cluster.status(name)
                #expect(status.state == .waiting(.lease(holder: leader)))
                #expect(status.leader == lease)
            }
            #expect(cluster.status(leader).leader == lease)
            // A leader that leaves in good order gives the lease back.
            let start = cluster.time.now
            await cluster.stop(leader)
            await cluster.pass { cluster.contexts.count == 2 }
            #expect(cluster.time.now - start <= .seconds(2))
            #expect(first.isFenced)
            #expect(!cluster.keeper.accepts(lease))
        }
    }

    @Test(arguments: [InMemoryLeaseKeeper.Line.refusing, .hanging])
    func `a leader that is cut off is fenced before another takes over`(
        line: InMemoryLeaseKeeper.Line
    ) async throws {
        try await withCluster { cluster in
            await cluster.pass { cluster.leaders.count == 1 }
            let first = try #require(cluster.contexts.first)
            let lease = try #require(first.lease)
            let leader = try #require(cluster.leaders.first)
            let start = cluster.time.now
            cluster.keeper.set(line, of: leader)
            await cluster.pass { cluster.contexts.count == 2 }
            #expect(first.isFenced)
            #expect(cluster.time.now - start <= .seconds(10))
            #expect(!cluster.leaders.contains(leader))
            #expect(cluster.status(leader).consecutiveFailures == 0)
            #expect(!cluster.keeper.accepts(lease))
            cluster.keeper.set(.open, of: leader)
            await cluster.pass {
                cluster.status(leader).state
                    == .waiting(.lease(holder: cluster.leaders.first ?? "nobody"))
            }
        }
    }

    @Test func `a body that ignores everything is replaced in another epoch`() async throws {
        let release = Gate()
        try await withCluster(deaf: release) { cluster in
            await cluster.pass { cluster.contexts.count == 2 }
            let (first, second) = (cluster.contexts[0], cluster.contexts[1])
            #expect(first.isFenced)
            #expect(!second.isFenced)
            let leases = try [#require(first.lease), #require(second.lease)]
            #expect(leases[0].epoch < leases[1].epoch)
            #expect(cluster.keeper.accepts(leases[1]))
        }
        release.open()
    }

    @Test func `a process that slept through its lease wakes up fenced`() {
        let time = ManualTime()
        let held = HeldLease(Lease(name: "task", holder: "one", epoch: 1), until: .seconds(4))
        let context = ChildContext(attempt: 1, lease: held, time: time.steady) { _ in }
        let unleased = ChildContext(attempt: 1, time: time.steady) { _ in }
        time.advance(by: .milliseconds(3_999))
        #expect(!context.isFenced)
        time.advance(by: .milliseconds(1))
        #expect(context.isFenced)
        time.advance(by: .seconds(1_000))
        #expect(!unleased.isFenced)
    }

    @Test func `a leader without a keeper is refused`() {
        let child = Child(name: "task", scope: .leader) { _ in }
        #expect(throws: SupervisionError.leaseKeeperMissing(child: "task")) {
            _ = try Supervisor(children: [child], logger: quiet)
        }
    }

    // MARK: -

    private func withCluster(
        deaf: Gate? = nil, _ body: (Cluster) async throws -> Void
    ) async throws {
        let cluster = try Cluster(deaf: deaf)
        try await body(cluster)
        for name in Cluster.names { await cluster.stop(name) }
    }

    private final class Cluster: Sendable {
        static let names = ["one", "two", "three"]

        let time = ManualTime()
        let keeper: InMemoryLeaseKeeper
        private let bodies: Bodies
        private let supervisors: [String: (supervisor: Supervisor, run: Task<Void, any Error>)]

        init(deaf: Gate?) throws {
            let time = time
            keeper = InMemoryLeaseKeeper { time.now }
            var policy = ChildPolicy()
            policy.heartbeatTimeout = .seconds(3)
            policy.cancellationGrace = .seconds(1)
            let bodies = Bodies(deaf: deaf)
            var supervisors: [String: (supervisor: Supervisor, run: Task<Void, any Error>)] = [:]
            for name in Self.names {
                let child = Child(name: "task", policy: policy, scope: .leader) { context in
                    await bodies.run(context)
                }
                let supervisor = try Supervisor(
                    children: [child], instance: name, keeper: keeper.keeper(of: name),
                    logger: quiet, time: time.steady)
                supervisors[name] = (supervisor, Task { try await supervisor.run() })
            }
            self.supervisors = supervisors
            self.bodies = bodies
        }

        var contexts: [ChildContext] { bodies.contexts }

        /// The instances whose child has a body that may write.
        var leaders: [String] {
            contexts.filter { !$0.isFenced }.compactMap(\.lease?.holder)
        }

        func status(_ name: String) -> ChildStatus {
            guard let status = supervisors[name]?.supervisor.status().first else {
                preconditionFailure("no instance \(name)")
            }
            return status
        }

        /// Lets time pass until `condition` holds.
        func pass(until condition: () -> Bool) async {
            while !condition() {
                time.advance(by: .milliseconds(100))
                for _ in 0..<20 { await Task.yield() }
                #expect(leaders.count <= 1)
            }
        }

        func stop(_ name: String) async {
            guard let run = supervisors[name]?.run else { return }
            run.cancel()
            let isOver = Flag()
            Task {
                _ = await run.result
                isOver.raise()
            }
            await pass { isOver.isRaised }
        }
    }

    /// What the instances' bodies do.
    private final class Bodies: Sendable {
        private let deaf: Gate?
        private let seen = Mutex<[ChildContext]>([])

        init(deaf: Gate?) { self.deaf = deaf }

        var contexts: [ChildContext] { seen.withLock { $0 } }

        func run(_ context: ChildContext) async {
            let isFirst = seen.withLock { seen in
                seen.append(context)
                return seen.count == 1
            }
            if isFirst, let deaf { return await deaf.wait() }
            while !context.isStopping, !Task.isCancelled {
                context.heartbeat()
                await context.wait(atMost: .milliseconds(500))
            }
        }
    }
}
