// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import TestSupport
import Testing

@testable import Telemetry

/// Random incidents over a random channel, and a reader who believes what arrives.
@Suite struct IncidentPropertyTests {
    private struct Broken: Error {}

    /// A channel whose unknown deliveries arrive or don't.
    private struct World {
        var bench: IncidentBench
        var truth: [Incident.Fingerprint: Bool] = [:]
        var believed: [Incident.Fingerprint: Bool] = [:]
        var idsSeen: Set<String> = []
        var saidAt: [Duration] = []
        var untracked = 0

        mutating func change() {
            // Few, so that changes meet deliveries of the same incident.
            let kinds = IncidentKind.allCases.prefix(2)
            let kind = kinds.randomElement(using: &bench.random) ?? .killSwitch
            let subject = "s\(UInt8.random(in: 0..<3, using: &bench.random))"
            let isRaised = Bool.random(using: &bench.random)
            truth[.init(kind, subject)] = isRaised
            if isRaised { bench.raise(subject, kind) } else { bench.resolve(subject, kind) }
        }

        /// Perhaps a change, some time, perhaps a delivery.
        mutating func live() throws {
            if Bool.random(using: &bench.random) { change() }
            if Int.random(in: 0..<4, using: &bench.random) == 0 {
                bench.now += .seconds(Int.random(in: 0..<200, using: &bench.random))
            }
            if Bool.random(using: &bench.random) { try deliver(isHealthy: false) }
        }

        /// One delivery, with changes while it is under way.
        mutating func deliver(isHealthy: Bool) throws {
            guard let deadline = bench.machine.deadline, deadline < bench.now + .seconds(1_000)
            else { return }
            bench.waitForDeadline()
            guard let message = bench.machine.next(at: bench.now) else { return }
            if !isHealthy, Bool.random(using: &bench.random) { change() }
            bench.now += .milliseconds(Int.random(in: 0..<2_000, using: &bench.random))
            switch isHealthy ? 0 : Int.random(in: 0..<6, using: &bench.random) {
            case 0, 1:
                try arrive(message)
                bench.conclude(.delivered)
            case 2: bench.conclude(.failed(.retryable("away")))
            case 3: bench.conclude(.failed(.permanent("no")))
            case 4:
                try arrive(message)
                bench.conclude(.failed(.unknown("lost answer")))
            default: bench.conclude(.failed(.unknown("lost message")))
            }
        }

        private mutating func arrive(_ message: AlertMessage) throws {
            saidAt.append(bench.now)
            untracked += message.untracked.values.reduce(0, +)
            for entry in message.entries {
                let isNew = idsSeen.insert(entry.id).inserted
                try IncidentPropertyTests.expect(isNew || entry.mayRepeat)
                believed[entry.incident.fingerprint] = entry.closedAgo == nil
                let isEnd = entry.event == .recovered || entry.event == .passed
                try IncidentPropertyTests.expect(isEnd == (entry.closedAgo != nil))
                try IncidentPropertyTests.expect(entry.stood >= .zero)
            }
        }
    }

    @Test(arguments: 0..<20)
    func `in the end the reader knows what is true, and nothing was said twice`(seed: UInt64)
        throws
    {
        var limits = IncidentBench.limits
        limits.summaryEntriesMax = 100
        limits.incidentsMax = 100
        // An escalation or a reminder would mend what was told wrongly before.
        limits.remindEvery = seed % 2 == 0 ? nil : .seconds(1_800)
        if seed % 2 == 0 { limits.escalateAfter = .seconds(1_000_000_000) }
        limits.refusalsMax = .max
        limits.messagesPerMinute = Int(seed % 5) + 1
        var world = World(bench: IncidentBench(limits, seed: seed))
        for _ in 0..<60 {
            for _ in 0..<12 { try world.live() }
            // The channel is well again: what is due is told.
            for _ in 0..<20 { try world.deliver(isHealthy: true) }
            let standing = Set(world.truth.filter(\.value).keys)
            try #require(
                Set(world.believed.filter(\.value).keys) == standing, "seed \(seed)")
            try #require(
                world.bench.machine.standing.values.reduce(0, +) == standing.count,
                "seed \(seed)")
        }
        let most = limits.messagesPerMinute
        for (first, last) in zip(world.saidAt, world.saidAt.dropFirst(most)) {
            #expect(last - first >= .seconds(60), "seed \(seed)")
        }
    }

    @Test(arguments: 0..<8)
    func `without room every incident is told, or counted`(seed: UInt64) throws {
        var limits = IncidentBench.limits
        limits.incidentsMax = 4
        limits.remindEvery = nil
        limits.escalateAfter = .seconds(1_000_000)
        var bench = IncidentBench(limits, seed: seed)
        var (raised, told, counted) = (0, 0, 0)
        for index in 0..<300 {
            let kind = IncidentKind.allCases.randomElement(using: &bench.random) ?? .killSwitch
            bench.raise("s\(index)", kind)
            bench.resolve("s\(index)", kind)
            raised += 1
            if index % 7 == 0, let message = bench.say() {
                told += message.entries.count + message.omitted.values.reduce(0, +)
                counted += message.untracked.values.reduce(0, +)
            }
            bench.now += .seconds(1)
        }
        while bench.machine.deadline != nil {
            bench.waitForDeadline()
            let message = try bench.message()
            told += message.entries.count + message.omitted.values.reduce(0, +)
            counted += message.untracked.values.reduce(0, +)
        }
        #expect(told + counted == raised, "seed \(seed)")
        #expect(told > 0 && counted > 0)
    }

    /// `#expect` costs too much for each of so many steps.
    private static func expect(
        _ holds: Bool, _ location: SourceLocation = #_sourceLocation
    ) throws {
        guard !holds else { return }
        Issue.record("a rule is broken", sourceLocation: location)
        throw Broken()
    }
}
