// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Keeps calls away from a service that fails, and finds out by a few probes when it is back.
///
/// ```
///            too many failed or slow              open time over, and a caller comes
///   CLOSED ───────────────────────────► OPEN ───────────────────────────────► HALF OPEN
///      ▲                                  ▲                                    │     │
///      │                                  └──────── a probe failed or was slow ┘     │
///      └────────────────────────────────────────────── `probes` of them succeeded ───┘
/// ```
///
/// A pure value over an injected clock. Who makes a call takes a permit and gives it back with
/// what became of the call. What belongs to an earlier state counts for nothing in the present
/// one. No state is a trap: `OPEN` ends with time, and a probe whose permit is not given back in
/// `probeTime` makes room for another.
package struct CircuitBreaker: Sendable {
    package struct Limits: Sendable, Equatable {
        /// How far back calls count.
        package var window: Duration = .seconds(30)
        /// With fewer calls than this in the window the breaker stays closed; at least 1.
        package var callsMin = 20
        /// The share of failed calls that opens it; 1 to 100.
        package var failurePercent = 50
        /// A call that took longer is slow; nil when none is.
        package var slowTime: Duration?
        /// The share of slow calls that opens it; 1 to 100.
        package var slowPercent = 80
        /// How long it stays open; above 0.
        package var openTime: Duration = .seconds(10)
        /// Up to this much of `openTime` is added at random, so that instances don't probe together.
        package var openJitterPercent = 20
        /// How many probes must succeed, and may be under way together; at least 1.
        package var probes = 3
        /// How long a probe may keep its permit; above 0, and longer than an attempt may take.
        package var probeTime: Duration = .seconds(30)

        package init() {}
    }

    package enum State: Sendable, Equatable {
        case closed
        /// Calls are refused until then.
        case open(until: Duration)
        case halfOpen
    }

    /// The right to make one call, to be given back once.
    package struct Permit: Sendable, Equatable {
        /// Which stay in a state it is of.
        fileprivate let stay: UInt64
        /// Unique within the breaker.
        fileprivate let number: UInt64
        fileprivate let takenAt: Duration
    }

    /// What became of a call.
    package enum Outcome: Sendable, CaseIterable {
        case succeeded
        case failed
        /// Cancelled, or never started: no evidence.
        case ignored
    }

    package enum Admission: Sendable, Equatable {
        case granted(Permit)
        /// The earliest time at which asking again may help.
        case refused(until: Duration)
    }

    /// What the window holds.
    package struct Counts: WindowCounts, Equatable {
        package var calls = 0
        package var failures = 0
        package var slow = 0

        package init() {}

        init(calls: Int, failures: Int, slow: Int) {
            self.calls = calls
            self.failures = failures
            self.slow = slow
        }

        package static func += (left: inout Counts, right: Counts) {
            left.calls += right.calls
            left.failures += right.failures
            left.slow += right.slow
        }
    }

    package private(set) var limits: Limits
    package private(set) var state = State.closed
    /// When `state` was entered.
    package private(set) var since: Duration
    /// How many times the state has changed.
    package private(set) var stay: UInt64 = 0
    private var permitsTaken: UInt64 = 0
    private var window: SlidingWindow<Counts>
    /// The permits of probes under way; never more than `limits.probes`.
    private var probing: [Permit] = []
    private var probesSucceeded = 0

    package init(_ limits: Limits = Limits(), at now: Duration) {
        Self.check(limits)
        self.limits = limits
        since = now
        window = SlidingWindow(length: limits.window)
    }

    private static func check(_ limits: Limits) {
        precondition(limits.window > .zero && limits.callsMin >= 1)
        precondition((1...100).contains(limits.failurePercent))
        precondition((1...100).contains(limits.slowPercent))
        precondition(limits.openTime > .zero && limits.openJitterPercent >= 0)
        precondition(limits.probes >= 1 && limits.probeTime > .zero)
    }

    /// Asks for leave to make a call.
    package mutating func admit(at now: Duration) -> Admission {
        switch state {
        case .closed:
            return .granted(permit(at: now))
        case .open(let until):
            guard until <= now else { return .refused(until: until) }
            enter(.halfOpen, at: now)
            return probe(at: now)
        case .halfOpen:
            return probe(at: now)
        }
    }

    /// Takes back the permit of a call that has ended.
    ///
    /// - Returns: Whether the breaker is now in another state.
    @discardableResult
    package mutating func giveBack(
        _ permit: Permit, _ outcome: Outcome, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> Bool {
        guard permit.stay == stay else { return false }
        let isSlow = limits.slowTime.map { now - permit.takenAt > $0 } ?? false
        switch state {
        case .open: return false
        case .closed:
            guard outcome != .ignored else { return false }
            let isFailure = outcome == .failed
            window.add(
                Counts(calls: 1, failures: isFailure ? 1 : 0, slow: isSlow ? 1 : 0), now: now)
            guard isTooBad(at: now) else { return false }
            open(at: now, using: &random)
            return true
        case .halfOpen:
            // A probe that overstayed has lost its place, and counts no more.
            guard let index = probing.firstIndex(of: permit) else { return false }
            probing.remove(at: index)
            switch outcome {
            case .ignored: return false
            case .succeeded where !isSlow: return noteSuccessfulProbe(at: now)
            case .succeeded, .failed:
                open(at: now, using: &random)
                return true
            }
        }
    }

    /// The calls counted of late.
    package func recent(at now: Duration) -> Counts { window.sum(now: now) }

    /// Takes new limits; what was counted, the state and the permits stay.
    package mutating func reconfigure(_ limits: Limits, at now: Duration) {
        Self.check(limits)
        if limits.window != self.limits.window { window = window.resized(to: limits.window) }
        self.limits = limits
        switch state {
        case .closed: break
        case .open(let until):
            // Not longer than the new limits would keep it.
            state = .open(until: min(until, since + longestOpenTime))
        case .halfOpen:
            if probesSucceeded >= limits.probes { enter(.closed, at: now) }
        }
    }

    // MARK: - Steps

    private mutating func permit(at now: Duration) -> Permit {
        permitsTaken += 1
        return Permit(stay: stay, number: permitsTaken, takenAt: now)
    }

    private mutating func probe(at now: Duration) -> Admission {
        probing.removeAll { $0.takenAt + limits.probeTime <= now }
        guard probing.count + probesSucceeded < limits.probes else {
            let oldest = probing.map(\.takenAt).min() ?? now
            return .refused(until: oldest + limits.probeTime)
        }
        let permit = permit(at: now)
        probing.append(permit)
        return .granted(permit)
    }

    private mutating func noteSuccessfulProbe(at now: Duration) -> Bool {
        probesSucceeded += 1
        guard probesSucceeded >= limits.probes else { return false }
        enter(.closed, at: now)
        return true
    }

    private func isTooBad(at now: Duration) -> Bool {
        let recent = window.sum(now: now)
        guard recent.calls >= limits.callsMin else { return false }
        return recent.failures * 100 >= recent.calls * limits.failurePercent
            || recent.slow * 100 >= recent.calls * limits.slowPercent
    }

    private mutating func open(
        at now: Duration, using random: inout some RandomNumberGenerator
    ) {
        let most = (longestOpenTime - limits.openTime).nanosecondsClamped
        let extra = random.uniform(upTo: most)
        enter(.open(until: now + limits.openTime + .nanoseconds(extra)), at: now)
    }

    private var longestOpenTime: Duration {
        limits.openTime + limits.openTime * limits.openJitterPercent / 100
    }

    private mutating func enter(_ state: State, at now: Duration) {
        self.state = state
        since = now
        stay += 1
        probing = []
        probesSucceeded = 0
        // The failures that opened it are told; closed again, it starts with a clean sheet.
        if state == .closed { window.clear() }
    }
}
