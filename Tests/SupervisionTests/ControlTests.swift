// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import ServiceLifecycle
import Supervision
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct ControlTests {
    @Test func `a task is paused, resumed and restarted while its siblings run on`() async throws {
        let worker = Child(name: "worker") { context in
            context.progress("attempt \(context.attempt)")
            await untilStopped(context)
        }
        let sibling = Child(name: "sibling") { await untilStopped($0) }
        try await withSupervisor([worker, sibling]) { supervisor, _ in
            await eventually { supervisor.status().allSatisfy { $0.state == .running } }
            #expect(
                supervisor.pause(task: "nobody", by: "ann", reason: "x") == .unknownTask)
            #expect(
                supervisor.control(.resume, task: "worker")
                    == .notApplicable("it is not paused"))
            #expect(supervisor.pause(task: "worker", by: "ann", reason: "maintenance") == .done)
            await eventually { supervisor.status()[0].state == .paused }
            let paused = supervisor.status()[0]
            #expect(paused.pause == Pause(by: "ann", reason: "maintenance"))
            #expect(!paused.hasBody && paused.consecutiveFailures == 0)
            #expect(paused.progress == "attempt 1")
            #expect(supervisor.control(.resume, task: "worker") == .done)
            await eventually { supervisor.status()[0].progress == "attempt 2" }
            #expect(supervisor.control(.restart(by: "ann"), task: "worker") == .done)
            await eventually { supervisor.status()[0].progress == "attempt 3" }
            #expect(supervisor.status()[1].attempt == 1)
        }
    }

    @Test func `a pause ends at its time of day, though the machine's clock is set`() async throws {
        let worker = Child(name: "worker") { await untilStopped($0) }
        try await withSupervisor([worker]) { supervisor, world in
            await eventually { supervisor.status()[0].state == .running }
            let end = world.wall.now() + .seconds(60)
            #expect(supervisor.pause(task: "worker", by: "ann", reason: "x", until: end) == .done)
            await eventually { supervisor.status()[0].state == .paused }
            #expect(supervisor.status()[0].pausedUntil == end)
            world.setWall(.seconds(99))
            world.time.advance(by: .seconds(59))
            for _ in 0..<100 { await Task.yield() }
            #expect(supervisor.status()[0].state == .paused)
            world.time.advance(by: .seconds(1))
            await eventually { supervisor.status()[0].state == .running }
        }
    }

    @Test func `the status says what a task waits for and since when`() async throws {
        var policy = ChildPolicy()
        policy.backoff = Backoff(
            base: .seconds(8), factorPercent: 100, cap: .seconds(8), jitter: .none)
        let failing = Child(name: "failing", policy: policy) { context in
            if context.attempt > 1 { await untilStopped(context) }
            throw Scripted(cause: Scripted(cause: nil))
        }
        let waiting = Child(name: "waiting") { context in
            context.waiting(for: .breaker("mrkt"))
            await context.wait(atMost: .seconds(3_600))
        }
        let needing = Child(name: "needing", needs: ["failing"]) { await untilStopped($0) }
        try await withSupervisor([failing, waiting, needing]) { supervisor, world in
            await eventually {
                supervisor.status()[0].state == .waiting(.backoff)
                    && supervisor.status()[1].heartbeatAge != nil
            }
            world.time.advance(by: .seconds(3))
            let status = supervisor.status()
            let now = world.wall.now()
            #expect(status[0].since == now - .seconds(3))
            #expect(status[0].nextAttempt == now + .seconds(5))
            #expect(status[0].lastError == "scripted\ncaused by: scripted")
            #expect(status[0].restartsInWindow == 1)
            #expect(status[0].waits == .backoff)
            #expect(status[1].state == .waiting(.resource(.breaker("mrkt"))))
            #expect(status[1].heartbeatAge == .seconds(3))
            #expect(status[2].waits == .dependency("failing"))
            #expect(status[2].attempt == 0)
            world.time.advance(by: .seconds(5))
            await eventually {
                world.pass(); return supervisor.status()[2].attempt == 1
            }
        }
    }

    @Test func `bodies stop after those that need them`() async throws {
        let order = Mutex<[String]>([])
        let children = [("store", []), ("worker", ["store"]), ("web", ["worker"])].map {
            (name: String, needs: [String]) in
            Child(name: name, needs: needs) { context in
                await untilStopped(context)
                order.withLock { $0.append(name) }
            }
        }
        try await withSupervisor(children.reversed()) { supervisor, _ in
            await eventually { supervisor.status().allSatisfy { $0.state == .running } }
        }
        #expect(order.withLock { $0 } == ["web", "worker", "store"])
    }

    // MARK: -

    private struct Scripted: Error, CustomStringConvertible {
        let cause: (any Error)?
        var description: String { "scripted" }

        init(cause: (any Error)?) { self.cause = cause }
    }

    private final class World: Sendable {
        let time = ManualTime()
        private let wallOffset = Mutex(Duration.seconds(1_800_000_000))

        var wall: WallTime { WallTime { self.time.now + self.wallOffset.withLock { $0 } } }

        func setWall(_ now: Duration) { wallOffset.withLock { $0 = now - time.now } }

        func pass() { time.advance(by: .milliseconds(10)) }
    }

    private func withSupervisor(
        _ children: [Child], _ body: (Supervisor, World) async throws -> Void
    ) async throws {
        let world = World()
        let supervisor = try Supervisor(
            children: children, logger: quiet, time: world.time.steady, wall: world.wall)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [supervisor], logger: quiet))
        let running = Task { try await group.run() }
        try await body(supervisor, world)
        await group.triggerGracefulShutdown()
        try await running.value
    }
}
