// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import Resilience
import ServiceLifecycle
import Supervision
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct SupervisorTests {
    private static let policy: ChildPolicy = {
        var policy = ChildPolicy()
        policy.backoff = Backoff(
            base: .milliseconds(1), factorPercent: 100, cap: .milliseconds(1), jitter: .none)
        policy.startTime = .zero
        policy.shutdownGrace = .milliseconds(50)
        policy.cancellationGrace = .milliseconds(50)
        return policy
    }()

    private struct Broken: Error {}

    @Test func `a body that throws is run again and one that returns too`() async throws {
        let runs = Atomic(0)
        let throwing = Child(name: "throws", policy: Self.policy) { context in
            if runs.add(1, ordering: .relaxed).newValue < 20 { throw Broken() }
            await untilStopped(context)
        }
        let returning = Child(name: "returns", policy: Self.policy) { context in
            if context.attempt >= 20 { await untilStopped(context) }
        }
        try await withSupervisor([throwing, returning]) { supervisor in
            await eventually {
                supervisor.status().allSatisfy { $0.attempt == 20 && $0.heartbeatAge != nil }
            }
            let status = supervisor.status()
            #expect(status.map(\.name) == ["throws", "returns"])
            #expect(status[0].consecutiveFailures == 19)
            #expect(status[0].lastError == "Broken()")
            #expect(status[1].lastError == "it returned without being asked to")
            #expect(status.map(\.state) == [.degraded, .degraded])
        }
        let runsNow = runs.load(ordering: .relaxed)
        #expect(runsNow == 20)
    }

    @Test func `a crash loop leaves the siblings alone`() async throws {
        let crashing = Child(name: "crashes", policy: Self.policy) { _ in throw Broken() }
        let steady = Child(name: "steady", policy: Self.policy) { await untilStopped($0) }
        try await withSupervisor([crashing, steady]) { supervisor in
            await eventually { supervisor.status()[0].attempt > 100 }
            let status = supervisor.status()[1]
            #expect(status.attempt == 1)
            #expect(status.state == .running)
            #expect(status.lastError == nil)
        }
    }

    @Test func `a body that reports cancellation on its own is run again`() async throws {
        let child = Child(name: "confused", policy: Self.policy) { context in
            if context.attempt < 3 { throw CancellationError() }
            await untilStopped(context)
        }
        try await withSupervisor([child]) { supervisor in
            await eventually { supervisor.status()[0].attempt == 3 }
        }
    }

    @Test func `a silent body is replaced though it ignores its cancellation`() async throws {
        var policy = Self.policy
        policy.heartbeatTimeout = .milliseconds(200)
        let release = Gate()
        let child = Child(name: "hangs", policy: policy) { context in
            if context.attempt == 1 {
                await release.wait()
                return
            }
            #expect(context.lease == nil)
            while !context.isStopping {
                context.heartbeat()
                await context.wait(atMost: .milliseconds(1))
            }
        }
        try await withSupervisor([child]) { supervisor in
            await eventually {
                let status = supervisor.status()[0]
                return status.attempt >= 2 && status.state == .running && status.hasBody
            }
        }
        release.open()
    }

    @Test func `bodies that ignore everything don't keep the supervisor from ending`() async throws
    {
        let release = Gate()
        let deaf = Child(name: "deaf", policy: Self.policy) { _ in await release.wait() }
        try await withSupervisor([deaf]) { supervisor in
            await eventually { supervisor.status()[0].state == .running }
        }
        release.open()
    }

    @Test func `a body gets its grace to reach a safe point`() async throws {
        let finished = Atomic(false)
        var policy = Self.policy
        policy.shutdownGrace = .seconds(30)
        let child = Child(name: "careful", policy: policy) { context in
            await untilStopped(context)
            #expect(!Task.isCancelled)
            for _ in 0..<100 { await Task.yield() }
            finished.store(true, ordering: .relaxed)
        }
        try await withSupervisor([child]) { supervisor in
            await eventually { supervisor.status()[0].state == .running }
        }
        let finishedNow = finished.load(ordering: .relaxed)
        #expect(finishedNow)
    }

    @Test func `cancelling the supervisor cancels its bodies`() async throws {
        let cancelled = Atomic(false)
        var policy = Self.policy
        policy.shutdownGrace = .seconds(3_600)
        policy.cancellationGrace = .seconds(3_600)
        let child = Child(name: "sleeps", policy: policy) { _ in
            do { try await Task.sleep(for: .seconds(3_600)) } catch {
                cancelled.store(true, ordering: .relaxed)
                throw error
            }
        }
        let supervisor = try Supervisor(children: [child], logger: quiet)
        let running = Task { try await supervisor.run() }
        await eventually { supervisor.status()[0].state == .running }
        running.cancel()
        try await running.value
        let cancelledNow = cancelled.load(ordering: .relaxed)
        #expect(cancelledNow)
        #expect(supervisor.status()[0].state == .stopped)
        #expect(supervisor.status()[0].consecutiveFailures == 0)
    }

    // MARK: -

    /// Runs the supervisor as a service, then `body`, then shuts down gracefully.
    private func withSupervisor(
        _ children: [Child], _ body: (Supervisor) async throws -> Void
    ) async throws {
        let supervisor = try Supervisor(children: children, logger: quiet)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [supervisor], logger: quiet))
        let running = Task { try await group.run() }
        try await body(supervisor)
        await group.triggerGracefulShutdown()
        try await running.value
        #expect(supervisor.status().allSatisfy { $0.state == .stopped })
    }
}
