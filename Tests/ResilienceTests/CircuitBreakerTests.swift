// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import TestSupport
import Testing

@Suite struct CircuitBreakerTests {
    private static let limits = {
        var limits = CircuitBreaker.Limits()
        limits.window = .seconds(10)
        limits.callsMin = 4
        limits.failurePercent = 50
        limits.slowTime = .seconds(1)
        limits.slowPercent = 50
        limits.openTime = .seconds(5)
        limits.openJitterPercent = 0
        limits.probes = 2
        limits.probeTime = .seconds(3)
        return limits
    }()

    /// A breaker with its own clock, in seconds.
    private struct Bench {
        var breaker: CircuitBreaker
        var random = SeededRandom(seed: 1)
        var now = Duration.seconds(100)

        init(_ limits: CircuitBreaker.Limits = CircuitBreakerTests.limits) {
            breaker = CircuitBreaker(limits, at: .seconds(100))
        }

        mutating func permit() throws -> CircuitBreaker.Permit {
            guard case .granted(let permit) = breaker.admit(at: now) else { throw Refused() }
            return permit
        }

        /// Nil when the call would have been let through; its permit is then lost.
        mutating func refusal() -> Duration? {
            guard case .refused(let until) = breaker.admit(at: now) else { return nil }
            return until
        }

        mutating func call(
            _ outcome: CircuitBreaker.Outcome, taking time: Duration = .zero
        ) throws {
            let permit = try permit()
            now += time
            giveBack(permit, outcome)
        }

        mutating func giveBack(_ permit: CircuitBreaker.Permit, _ outcome: CircuitBreaker.Outcome) {
            breaker.giveBack(permit, outcome, at: now, using: &random)
        }

        /// Opens it, and lets the open time pass.
        mutating func openAndWait() throws {
            for _ in 0..<4 { try call(.failed) }
            now += .seconds(5)
        }
    }

    private struct Refused: Error {}

    // MARK: - Closed

    @Test func `too few calls never open it`() throws {
        var bench = Bench()
        for _ in 0..<3 { try bench.call(.failed) }
        #expect(bench.breaker.state == .closed)
    }

    @Test func `half of the calls failing opens it, whichever comes last`() throws {
        for order in [[true, true, false, false], [false, false, true, true]] {
            var bench = Bench()
            for isFailure in order { try bench.call(isFailure ? .failed : .succeeded) }
            #expect(bench.breaker.state == .open(until: .seconds(105)))
            #expect(bench.refusal() == .seconds(105))
        }
    }

    @Test func `slow calls open it although they succeed`() throws {
        var bench = Bench()
        for _ in 0..<2 { try bench.call(.succeeded) }
        for _ in 0..<2 { try bench.call(.succeeded, taking: .seconds(2)) }
        #expect(bench.breaker.state == .open(until: .seconds(109)))
    }

    @Test func `a call that took exactly the slow time is not slow`() throws {
        var bench = Bench()
        for _ in 0..<8 { try bench.call(.succeeded, taking: .seconds(1)) }
        #expect(bench.breaker.state == .closed)
    }

    @Test func `failures leave the window`() throws {
        var bench = Bench()
        for _ in 0..<3 { try bench.call(.failed) }
        bench.now += .seconds(10)
        try bench.call(.failed)
        #expect(bench.breaker.state == .closed)
    }

    @Test func `ignored calls are no evidence`() throws {
        var bench = Bench()
        for _ in 0..<100 { try bench.call(.ignored, taking: .milliseconds(1)) }
        for _ in 0..<3 { try bench.call(.failed) }
        #expect(bench.breaker.state == .closed)
    }

    // MARK: - Open and half open

    @Test func `successful probes close it, and the old failures are forgotten`() throws {
        var bench = Bench()
        try bench.openAndWait()
        try bench.call(.succeeded)
        #expect(bench.breaker.state == .halfOpen)
        try bench.call(.succeeded)
        #expect(bench.breaker.state == .closed)
        try bench.call(.failed)
        #expect(bench.breaker.state == .closed)
    }

    @Test(arguments: [true, false])
    func `a probe that fails or is slow opens it again`(isSlow: Bool) throws {
        var bench = Bench()
        try bench.openAndWait()
        try bench.call(.succeeded)
        try isSlow ? bench.call(.succeeded, taking: .seconds(2)) : bench.call(.failed)
        #expect(bench.breaker.state == .open(until: bench.now + .seconds(5)))
    }

    @Test func `no more probes go out than must succeed`() throws {
        var bench = Bench()
        try bench.openAndWait()
        let first = try bench.permit()
        bench.now += .seconds(1)
        _ = try bench.permit()
        #expect(bench.refusal() == bench.now + .seconds(2), "the first probe's time is over then")
        bench.giveBack(first, .succeeded)
        #expect(bench.refusal() != nil, "one success and one under way are enough")
    }

    @Test func `a probe that was ignored gives its permit back`() throws {
        var bench = Bench()
        try bench.openAndWait()
        for _ in 0..<50 { try bench.call(.ignored) }
        #expect(bench.breaker.state == .halfOpen)
        for _ in 0..<2 { try bench.call(.succeeded) }
        #expect(bench.breaker.state == .closed)
    }

    @Test func `a probe that overstays makes room, and counts no more`() throws {
        var bench = Bench()
        try bench.openAndWait()
        let lost = [try bench.permit(), try bench.permit()]
        #expect(bench.refusal() != nil)
        bench.now += .seconds(3)
        let next = try bench.permit()
        bench.giveBack(lost[0], .failed)
        #expect(bench.breaker.state == .halfOpen)
        bench.giveBack(next, .succeeded)
        try bench.call(.succeeded)
        #expect(bench.breaker.state == .closed)
    }

    @Test func `a call from before counts for nothing now`() throws {
        var bench = Bench()
        let old = try (0..<4).map { _ in try bench.permit() }
        try bench.openAndWait()
        bench.giveBack(old[0], .failed)
        let probe = try bench.permit()
        bench.giveBack(old[1], .failed)
        #expect(bench.breaker.state == .halfOpen)
        bench.giveBack(probe, .succeeded)
        try bench.call(.succeeded)
        bench.giveBack(old[2], .failed)
        #expect(bench.breaker.state == .closed)
    }

    @Test func `a permit counts once`() throws {
        var bench = Bench()
        try bench.openAndWait()
        let probe = try bench.permit()
        bench.giveBack(probe, .succeeded)
        bench.giveBack(probe, .succeeded)
        #expect(bench.breaker.state == .halfOpen)
    }

    @Test func `open times are spread, and within their bounds`() throws {
        var limits = Self.limits
        limits.openJitterPercent = 20
        var ends: Set<Duration> = []
        for seed in 0..<200 {
            var bench = Bench(limits)
            bench.random = SeededRandom(seed: UInt64(seed))
            for _ in 0..<4 { try bench.call(.failed) }
            let end = bench.refusal()
            ends.insert(try #require(end))
        }
        #expect(ends.count > 190)
        #expect(ends.allSatisfy { $0 >= .seconds(105) && $0 <= .seconds(106) })
        #expect(ends.contains { $0 < .milliseconds(105_100) })
        #expect(ends.contains { $0 > .milliseconds(105_900) })
    }

    @Test func `randomness that is always the same does not hold it up`() throws {
        struct Constant: RandomNumberGenerator {
            func next() -> UInt64 { 0 }
        }
        var limits = Self.limits
        limits.openJitterPercent = 20
        var breaker = CircuitBreaker(limits, at: .zero)
        var random = Constant()
        for _ in 0..<4 {
            guard case .granted(let permit) = breaker.admit(at: .zero) else { throw Refused() }
            breaker.giveBack(permit, .failed, at: .zero, using: &random)
        }
        #expect(breaker.state == .open(until: .seconds(5)))
    }

    // MARK: - New limits

    @Test func `new limits keep what was counted`() throws {
        var bench = Bench()
        for _ in 0..<3 { try bench.call(.failed) }
        var limits = Self.limits
        limits.window = .seconds(60)
        bench.breaker.reconfigure(limits, at: bench.now)
        bench.now += .seconds(30)
        try bench.call(.failed)
        #expect(bench.breaker.state == .open(until: .seconds(135)))
    }

    @Test func `a shorter window drops what is older than it`() throws {
        var bench = Bench()
        for _ in 0..<3 { try bench.call(.failed) }
        bench.now += .seconds(5)
        var limits = Self.limits
        limits.window = .seconds(2)
        bench.breaker.reconfigure(limits, at: bench.now)
        try bench.call(.failed)
        #expect(bench.breaker.state == .closed)
    }

    @Test func `a shorter open time holds at once, a longer one from the next time on`() throws {
        var bench = Bench()
        for _ in 0..<4 { try bench.call(.failed) }
        var limits = Self.limits
        limits.openTime = .seconds(60)
        bench.breaker.reconfigure(limits, at: bench.now)
        #expect(bench.refusal() == .seconds(105))
        limits.openTime = .seconds(1)
        bench.breaker.reconfigure(limits, at: bench.now)
        #expect(bench.refusal() == .seconds(101))
    }

    @Test func `a shorter open time counts from when it opened`() throws {
        var bench = Bench()
        for _ in 0..<4 { try bench.call(.failed) }
        bench.now += .seconds(3)
        var limits = Self.limits
        limits.openTime = .seconds(2)
        bench.breaker.reconfigure(limits, at: bench.now)
        #expect(bench.breaker.state == .open(until: .seconds(102)))
        #expect(throws: Never.self) { try bench.call(.succeeded) }
    }

    @Test func `fewer probes than have succeeded close it`() throws {
        var limits = Self.limits
        limits.probes = 3
        var bench = Bench(limits)
        try bench.openAndWait()
        for _ in 0..<2 { try bench.call(.succeeded) }
        #expect(bench.breaker.state == .halfOpen)
        limits.probes = 1
        bench.breaker.reconfigure(limits, at: bench.now)
        #expect(bench.breaker.state == .closed)
    }

    // MARK: - Every interleaving

    /// Three callers, each asking once and then giving back with any outcome or never, in every
    /// order, with and without time passing before each step, from each state.
    @Test func `no interleaving of three callers breaks a rule or is a trap`() throws {
        var starts = [Bench()]
        for _ in 0..<3 { try starts[0].call(.failed) }
        var open = Bench()
        for _ in 0..<4 { try open.call(.failed) }
        var halfOpen = Bench()
        try halfOpen.openAndWait()
        try halfOpen.call(.ignored)
        starts += [open, halfOpen]
        var count = 0
        for start in starts {
            try explore(start, callers: [.new, .new, .new], &count)
        }
        #expect(count > 100_000)
    }

    private enum Caller: Equatable {
        case new
        case calling(CircuitBreaker.Permit)
        case done
    }

    private func explore(_ bench: Bench, callers: [Caller], _ count: inout Int) throws {
        count += 1
        try expectNoTrap(bench)
        for pause in [Duration.zero, .seconds(4), .seconds(6)] {
            for (index, caller) in callers.enumerated() {
                var bench = bench
                bench.now += pause
                var callers = callers
                switch caller {
                case .done: continue
                case .new:
                    // Equal callers: the first stands for all.
                    guard callers.firstIndex(of: .new) == index else { continue }
                    let before = bench.breaker.state
                    switch bench.breaker.admit(at: bench.now) {
                    case .granted(let permit):
                        callers[index] = .calling(permit)
                        if case .open(let until) = before { try expect(until <= bench.now) }
                    case .refused(let until):
                        callers[index] = .done
                        try expect(before != .closed && until > bench.now)
                    }
                    try explore(bench, callers: callers, &count)
                case .calling(let permit):
                    callers[index] = .done
                    for outcome in CircuitBreaker.Outcome.allCases {
                        var bench = bench
                        let before = bench.breaker
                        let hasChanged = bench.breaker.giveBack(
                            permit, outcome, at: bench.now, using: &bench.random)
                        try expect(hasChanged == (bench.breaker.state != before.state))
                        if case .open = before.state { try expect(!hasChanged) }
                        if outcome == .ignored { try expect(!hasChanged) }
                        try explore(bench, callers: callers, &count)
                    }
                }
            }
        }
    }

    /// From here, whatever the others do not give back, a service that is well again is called.
    private func expectNoTrap(_ bench: Bench) throws {
        var bench = bench
        for _ in 0..<8 {
            switch bench.breaker.admit(at: bench.now) {
            case .granted(let permit): bench.giveBack(permit, .succeeded)
            case .refused(let until): bench.now = until
            }
        }
        try expect(bench.breaker.state == .closed)
    }

    /// `#expect` costs too much for each of so many steps.
    private func expect(_ holds: Bool, _ location: SourceLocation = #_sourceLocation) throws {
        guard !holds else { return }
        Issue.record("a rule is broken", sourceLocation: location)
        throw Refused()
    }
}
