// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Takes a load through the same decisions that serve real calls, under a virtual clock.
///
/// The work is bounded: at most `SimulatedLoad.callsMax` calls with at most ten attempts each. The
/// same load, policy and seed give the same report.
package enum Simulation {
    /// Both policies on the same load.
    package static func compare(
        current: CheckedRetryPolicy, proposed: CheckedRetryPolicy, _ load: SimulatedLoad,
        seed: UInt64
    ) -> (current: SimulationReport, proposed: SimulationReport) {
        (run(load, current, seed: seed), run(load, proposed, seed: seed))
    }

    package static func run(
        _ load: SimulatedLoad, _ policy: CheckedRetryPolicy, seed: UInt64
    ) -> SimulationReport {
        run(load, UpstreamState(policy, at: load.arrivals.first ?? .zero), seed: seed)
    }

    /// As above, on a thread that others need too: it lets them go on after every `stepsInARow`.
    ///
    /// - Throws: when the task is cancelled.
    package static func runYielding(
        _ load: SimulatedLoad, _ policy: CheckedRetryPolicy, seed: UInt64
    ) async throws(CancellationError) -> SimulationReport {
        let governor = UpstreamState(policy, at: load.arrivals.first ?? .zero)
        var world = World(load: load, governor: governor, seed: seed)
        while world.advance(stepsMax: stepsInARow) {
            await Task.yield()
            guard !Task.isCancelled else { throw CancellationError() }
        }
        return world.finish()
    }

    /// All calls are repeatable.
    package static func run<Governor: CallGovernor>(
        _ load: SimulatedLoad, _ governor: Governor, seed: UInt64
    ) -> SimulationReport {
        var world = World(load: load, governor: governor, seed: seed)
        while world.advance(stepsMax: stepsInARow) {}
        return world.finish()
    }

    /// A step is a call that comes, or an attempt or a backoff that ends: about two microseconds.
    private static let stepsInARow = 1_000
}

/// A simulation under way.
private struct World<Governor: CallGovernor> {
    /// A call that waits for its attempt's end or for its backoff's.
    struct Event {
        let due: Duration
        /// Events of one moment keep the order in which they were made.
        let number: Int
        let arrivedAt: Duration
        var call: CallProgress
        /// Nil when the backoff is over.
        let attempt: (permit: Governor.Permit, callClass: CallClass, startedAt: Duration)?
    }

    var load: SimulatedLoad
    var governor: Governor
    var arrivalsTaken = 0
    /// What the upstream does draws from its own numbers, so that policies meet the same.
    var upstreamRandom: Numbers
    var random: Numbers
    var events = Heap<Event> { ($0.due, $0.number) < ($1.due, $1.number) }
    var eventsMade = 0
    var report = SimulationReport()
    var addedLatencies: [Duration] = []

    init(load: SimulatedLoad, governor: Governor, seed: UInt64) {
        self.load = load
        self.governor = governor
        upstreamRandom = Numbers(state: seed)
        random = Numbers(state: ~seed)
        report.recovery = load.fault.map { _ in .zero }
    }

    /// Does some of what comes next.
    ///
    /// - Returns: false when all calls have come and ended.
    mutating func advance(stepsMax: Int) -> Bool {
        for _ in 0..<stepsMax {
            let arrival = arrivalsTaken < load.arrivals.count ? load.arrivals[arrivalsTaken] : nil
            if let event = events.first, event.due <= arrival ?? event.due {
                step()
            } else if let arrival {
                arrivalsTaken += 1
                count(\.calls, arrivedAt: arrival)
                begin(CallProgress(isRepeatable: true), arrivedAt: arrival, at: arrival)
            } else {
                return false
            }
        }
        return true
    }

    mutating func finish() -> SimulationReport {
        report.note(addedLatencies: addedLatencies)
        return report
    }

    private mutating func step() {
        var event = events.removeFirst()
        guard let attempt = event.attempt else {
            return begin(event.call, arrivedAt: event.arrivedAt, at: event.due)
        }
        let verdict = governor.end(
            &event.call, attempt.permit, CallOutcome(attempt.callClass), at: event.due,
            using: &random)
        switch verdict {
        case .succeeded:
            count(\.successes, arrivedAt: event.arrivedAt)
            addedLatencies.append(attempt.startedAt - event.arrivedAt)
        case .giveUp(let reason): fail(reason, arrivedAt: event.arrivedAt)
        case .retry(let delay):
            schedule(event.due + delay, event.call, arrivedAt: event.arrivedAt, attempt: nil)
        }
    }

    private mutating func begin(_ call: CallProgress, arrivedAt: Duration, at now: Duration) {
        var call = call
        switch governor.begin(&call, at: now, using: &random) {
        case .refused(let reason): fail(reason, arrivedAt: arrivedAt)
        case .granted(let permit, let timeout):
            count(\.attempts, arrivedAt: arrivedAt)
            let answer = load.answer(at: now, using: &upstreamRandom)
            let isLate = answer.duration > timeout
            schedule(
                now + (isLate ? timeout : answer.duration), call, arrivedAt: arrivedAt,
                attempt: (permit, isLate ? .timeout : answer.callClass, now))
        }
    }

    private mutating func count(
        _ what: WritableKeyPath<SimulationReport.Tally, Int>, arrivedAt: Duration
    ) {
        report.all[keyPath: what] += 1
        if load.fault?.contains(arrivedAt) == true { report.duringFault[keyPath: what] += 1 }
    }

    private mutating func fail(_ reason: GiveUpReason, arrivedAt: Duration) {
        report.note(reason)
        if let fault = load.fault, arrivedAt >= fault.upperBound {
            report.recovery = max(report.recovery ?? .zero, arrivedAt - fault.upperBound)
        }
    }

    private mutating func schedule(
        _ due: Duration, _ call: CallProgress, arrivedAt: Duration,
        attempt: (Governor.Permit, CallClass, Duration)?
    ) {
        eventsMade += 1
        events.insert(
            Event(
                due: due, number: eventsMade, arrivedAt: arrivedAt, call: call, attempt: attempt))
    }
}

/// SplitMix64 (Steele, Lea, Flood, 2014).
private struct Numbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// A binary heap: the element that stands before all others comes first.
private struct Heap<Element> {
    private var elements: [Element] = []
    private let standsBefore: (Element, Element) -> Bool

    init(_ standsBefore: @escaping (Element, Element) -> Bool) {
        self.standsBefore = standsBefore
    }

    var first: Element? { elements.first }

    mutating func insert(_ element: Element) {
        elements.append(element)
        var index = elements.count - 1
        while index > 0, standsBefore(elements[index], elements[(index - 1) / 2]) {
            elements.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func removeFirst() -> Element {
        elements.swapAt(0, elements.count - 1)
        let first = elements.removeLast()
        var index = 0
        while true {
            let children = (2 * index + 1)..<min(2 * index + 3, max(elements.count, 2 * index + 1))
            guard let least = children.min(by: { standsBefore(elements[$0], elements[$1]) }),
                standsBefore(elements[least], elements[index])
            else { return first }
            elements.swapAt(least, index)
            index = least
        }
    }
}
