// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// What an upstream goes through in a simulation.
package enum SimulationScenario: String, Sendable, CaseIterable {
    /// A minute in which one attempt in twenty fails.
    case transientFaults
    /// A minute in which no connection comes about.
    case fullOutage
    /// A minute in which the upstream has capacity for half of the calls, refuses what is above
    /// it, and takes four times as long: here every needless attempt takes a useful one's place.
    case brownout
    /// A minute in which every answer takes three seconds.
    case slow
}

/// Calls that come, and an upstream that answers them: a scenario, or what was recorded.
package struct SimulatedLoad: Sendable {
    /// More calls are not simulated.
    package static let callsMax = 100_000
    package static let callsPerSecondMax = 1_000

    private enum Upstream {
        case scenario(SimulationScenario, capacityPerSlot: Int)
        case recorded([RecordedOutcome])
    }

    /// When calls come, in order; from any origin.
    let arrivals: [Duration]
    /// When the upstream begins and ceases to be ill; nil when that is not known, or never.
    let fault: Range<Duration>?
    private let upstream: Upstream
    /// The tenth of a second the brownout's capacity counts for, and what is used of it.
    private var slot: Int64 = .min
    private var used = 0

    /// A scenario with ten quiet seconds before it, and thirty after.
    ///
    /// - Parameter callsPerSecond: From 1 to `callsPerSecondMax`; anything else is held to that.
    ///   They come at even intervals.
    package init(_ scenario: SimulationScenario, callsPerSecond: Int = 100) {
        let rate = min(max(1, callsPerSecond), Self.callsPerSecondMax)
        let begin = Duration.seconds(10)
        let end = begin + .seconds(60)
        fault = begin..<end
        let count = min(Self.callsMax, rate * 100)
        arrivals = (0..<count).map { .nanoseconds(Int64($0) * 1_000_000_000 / Int64(rate)) }
        upstream = .scenario(scenario, capacityPerSlot: max(1, rate / 20))
    }

    /// What was recorded, again. A call comes when a first attempt began, and that attempt ends
    /// as it did; any other ends as the one recorded nearest in time.
    ///
    /// - Parameter recorded: The newest `callsMax` are taken. Calls that the breaker kept away
    ///   were no attempts and are not in it.
    package init(recorded: [RecordedOutcome]) {
        let outcomes = recorded.suffix(Self.callsMax).sorted { $0.offset < $1.offset }
        arrivals = outcomes.filter { !$0.isRetry }.map(\.offset)
        fault = nil
        upstream = .recorded(outcomes)
    }

    /// How an attempt ends, if it is given the time.
    mutating func answer(
        at now: Duration, using random: inout some RandomNumberGenerator
    ) -> (duration: Duration, callClass: CallClass) {
        switch upstream {
        case .recorded(let outcomes):
            let nearest = Self.nearest(outcomes, to: now)
            return (nearest.duration, nearest.callClass)
        case .scenario(let scenario, let capacity):
            let quick = Duration.milliseconds(20) + .nanoseconds(random.uniform(upTo: 20_000_000))
            guard let fault, fault.contains(now) else { return (quick, .succeeded) }
            switch scenario {
            case .transientFaults:
                return (quick, random.uniform(upTo: 19) == 0 ? .server : .succeeded)
            case .fullOutage: return (.milliseconds(2), .connect)
            case .brownout:
                let isServed = takeCapacity(capacity, at: now)
                return isServed ? (quick * 4, .succeeded) : (.milliseconds(5), .server)
            case .slow: return (.seconds(3), .succeeded)
            }
        }
    }

    private mutating func takeCapacity(_ capacity: Int, at now: Duration) -> Bool {
        let slot = now.nanosecondsClamped / 100_000_000
        if slot != self.slot { (self.slot, used) = (slot, 0) }
        guard used < capacity else { return false }
        used += 1
        return true
    }

    /// - Parameter outcomes: In order, and at least one: without a record no call comes.
    private static func nearest(
        _ outcomes: [RecordedOutcome], to now: Duration
    ) -> RecordedOutcome {
        var (low, high) = (0, outcomes.count)
        while low < high {
            let middle = (low + high) / 2
            if outcomes[middle].offset < now { low = middle + 1 } else { high = middle }
        }
        guard low < outcomes.count else { return outcomes[outcomes.count - 1] }
        guard low > 0, now - outcomes[low - 1].offset < outcomes[low].offset - now else {
            return outcomes[low]
        }
        return outcomes[low - 1]
    }
}
