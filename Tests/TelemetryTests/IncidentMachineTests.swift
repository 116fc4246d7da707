// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Telemetry

@Suite struct IncidentMachineTests {
    private static let away = IncidentMachine.Outcome.failed(.retryable("away"))
    private static let lost = IncidentMachine.Outcome.failed(.unknown("no answer"))
    private static let refused = IncidentMachine.Outcome.failed(.permanent("no such chat"))

    // MARK: - One incident

    @Test func `an incident is told once and its recovery once`() throws {
        var bench = IncidentBench()
        #expect(bench.machine.deadline == nil)
        bench.raise("a", .taskDegraded, "First.")
        bench.raise("a", .taskDegraded, "Second.")
        #expect(try #require(bench.machine.deadline) <= bench.now)
        let opened = try bench.message()
        #expect(opened.entries.map(\.event) == [.opened])
        #expect(opened.entries[0].incident.summary == "Second.")
        #expect(opened.entries[0].raises == 2)
        #expect(opened.entries[0].id == "r-1-opened")
        #expect(!opened.entries[0].mayRepeat && !opened.isSummary)
        bench.raise("a")
        #expect(bench.said() == [])

        bench.now += .seconds(60)
        bench.resolve("a")
        bench.resolve("a")
        let recovered = try bench.message()
        #expect(recovered.entries.map(\.event) == [.recovered])
        #expect(recovered.entries[0].stood == .seconds(60))
        #expect(recovered.entries[0].closedAgo == .zero)
        #expect(bench.said() == [])
        #expect(bench.machine.deadline == nil)
        #expect(bench.machine.standing == [:])
    }

    @Test func `the same trouble later is another incident`() {
        var bench = IncidentBench()
        bench.raise("a")
        #expect(bench.said() == ["opened a"])
        bench.resolve("a")
        #expect(bench.said() == ["recovered a"])
        bench.raise("a")
        #expect(bench.say()?.entries.map(\.id) == ["r-2-opened"])
    }

    @Test func `what was never raised is not resolved`() {
        var bench = IncidentBench()
        bench.resolve("a")
        #expect(bench.machine.deadline == nil)
        #expect(bench.said() == [])
    }

    @Test func `kinds and subjects tell incidents apart`() {
        var bench = IncidentBench()
        bench.raise("a", .taskDegraded)
        bench.raise("a", .breakerOpen)
        bench.raise("b", .breakerOpen)
        #expect(bench.machine.standing == [.taskDegraded: 1, .breakerOpen: 2])
        bench.resolve("a", .breakerOpen)
        #expect(bench.machine.standing == [.taskDegraded: 1, .breakerOpen: 1])
    }

    @Test func `one that stands long is escalated once and then said again now and then`() throws {
        var bench = IncidentBench()
        bench.raise("a", .taskFlapping)
        #expect(bench.say()?.severity == .notice)
        bench.now += .seconds(599)
        #expect(bench.said() == [])
        bench.waitForDeadline()
        #expect(bench.now == .seconds(1_600))
        let escalated = try bench.message()
        #expect(escalated.entries.map(\.event) == [.escalated])
        #expect(escalated.severity == .warning)
        for ordinal in 1...2 {
            bench.now += .seconds(3_599)
            #expect(bench.said() == [])
            bench.waitForDeadline()
            let reminder = try bench.message()
            #expect(reminder.entries.map(\.id) == ["r-1-reminder-\(ordinal)"])
            #expect(reminder.severity == .warning)
        }
        bench.resolve("a", .taskFlapping)
        #expect(bench.say()?.severity == .warning)
    }

    @Test func `one told late is told as what it has become`() {
        var bench = IncidentBench()
        bench.raise("a")
        bench.now += .seconds(601)
        let opened = bench.say()
        #expect(opened?.entries.map(\.event) == [.opened])
        #expect(opened?.severity == .critical)
        #expect(bench.said() == [])
    }

    // MARK: - A channel that fails

    @Test func `a refused message is due again, later each time`() {
        var bench = IncidentBench()
        bench.raise("a")
        var pauses: [Duration] = []
        for _ in 0..<9 {
            #expect(bench.said(Self.away) == ["opened a"])
            #expect(bench.said() == [])
            let before = bench.now
            bench.waitForDeadline()
            pauses.append(bench.now - before)
        }
        #expect(pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60].map { .seconds($0) })
        let opened = bench.say()
        #expect(opened?.entries.map(\.id) == ["r-1-opened"])
        #expect(opened?.entries.map(\.mayRepeat) == [false])
        // And after a success the pauses begin anew.
        bench.raise("b")
        _ = bench.say(Self.away)
        let before = bench.now
        bench.waitForDeadline()
        #expect(bench.now - before == .seconds(1))
    }

    @Test func `a pause the channel asks for is kept, within bounds`() {
        var bench = IncidentBench()
        bench.raise("a")
        _ = bench.say(.failed(.retryable(after: .seconds(42), "429")))
        #expect(bench.machine.deadline == bench.now + .seconds(42))
        bench.waitForDeadline()
        _ = bench.say(.failed(.retryable(after: .seconds(1_000_000), "429")))
        #expect(bench.machine.deadline == bench.now + IncidentBench.limits.retryAfterMax)
        bench.waitForDeadline()
        // Less than the backoff is no reason to hurry.
        _ = bench.say(.failed(.retryable(after: .zero, "429")))
        #expect(bench.machine.deadline == bench.now + .seconds(4))
    }

    @Test func `one that opened and closed while the channel was away is told of once`() throws {
        var bench = IncidentBench()
        bench.raise("a")
        #expect(bench.said(Self.away) == ["opened a"])
        bench.now += .seconds(100)
        bench.resolve("a")
        let passed = try bench.message()
        #expect(passed.entries.map(\.event) == [.passed])
        #expect(passed.entries[0].stood == .seconds(100))
        #expect(bench.said() == [])
        #expect(bench.machine.deadline == nil)
    }

    @Test func `one that closed and opened while the channel was away still stands`() {
        var bench = IncidentBench()
        bench.raise("a")
        #expect(bench.said() == ["opened a"])
        bench.resolve("a")
        #expect(bench.said(Self.away) == ["recovered a"])
        bench.raise("a")
        bench.now += .seconds(10)
        #expect(bench.said() == [])
        #expect(bench.machine.standing == [.taskDegraded: 1])
    }

    @Test func `an unknown fate is said again, with the same id and the doubt`() throws {
        var bench = IncidentBench()
        bench.raise("a")
        let first = try bench.message(Self.lost)
        bench.waitForDeadline()
        let second = try bench.message()
        #expect(first.entries.map(\.id) == second.entries.map(\.id))
        #expect(first.entries.map(\.mayRepeat) == [false])
        #expect(second.entries.map(\.mayRepeat) == [true])
        bench.resolve("a")
        #expect(bench.say()?.entries.map(\.mayRepeat) == [false])
    }

    @Test func `closed after an unknown opening is told as passed, open after an unknown end anew`()
        throws
    {
        var bench = IncidentBench()
        bench.raise("a")
        _ = bench.say(Self.lost)
        bench.resolve("a")
        bench.waitForDeadline()
        let passed = try bench.message(Self.lost)
        #expect(passed.entries.map(\.event) == [.passed])
        #expect(passed.entries.map(\.mayRepeat) == [true])
        bench.raise("a")
        bench.waitForDeadline()
        let opened = try bench.message()
        #expect(opened.entries.map(\.id) == ["r-2-opened"])
        bench.resolve("a")
        _ = bench.say(Self.lost)
        bench.raise("a")
        bench.waitForDeadline()
        #expect(bench.say()?.entries.map(\.id) == ["r-3-opened"])
    }

    @Test func `refused for good, it waits the longest and lets others pass`() {
        var bench = IncidentBench()
        bench.raise("a")
        #expect(bench.said(Self.refused) == ["opened a"])
        bench.raise("b")
        bench.waitForDeadline()
        #expect(bench.said() == ["opened b"])
        #expect(bench.said() == [])
        bench.waitForDeadline()
        #expect(bench.now == .seconds(1_060))
        // Standing, it is never given up.
        for _ in 0..<50 {
            #expect(bench.said(Self.refused) == ["opened a"])
            bench.waitForDeadline()
        }
        #expect(bench.said() == ["opened a"])
    }

    @Test func `refused for good and over, it is given up and counted`() throws {
        var bench = IncidentBench()
        bench.raise("a")
        bench.resolve("a")
        for _ in 0..<IncidentBench.limits.refusalsMax {
            #expect(bench.said(Self.refused) == ["passed a"])
            bench.waitForDeadline()
        }
        let summary = try bench.message()
        #expect(summary.isSummary && summary.entries.isEmpty)
        #expect(summary.untracked == [.taskDegraded: 1])
        #expect(bench.machine.deadline == nil)
    }

    // MARK: - While a delivery is under way

    @Test func `one delivery is under way at a time`() {
        var bench = IncidentBench()
        bench.raise("a")
        bench.raise("b")
        #expect(bench.machine.next(at: bench.now) != nil)
        #expect(bench.machine.deadline == nil)
        #expect(bench.machine.next(at: bench.now) == nil)
        bench.conclude(.delivered)
        #expect(bench.said() == ["opened b"])
    }

    @Test func `what closes while its opening is delivered recovers`() {
        for (outcome, next) in [
            (.delivered, "recovered a"), (Self.away, "passed a"), (Self.lost, "passed a"),
        ] {
            var bench = IncidentBench()
            bench.raise("a")
            _ = bench.machine.next(at: bench.now)
            bench.resolve("a")
            bench.conclude(outcome)
            bench.waitForDeadline()
            #expect(bench.said() == [next])
            #expect(bench.machine.deadline == nil)
        }
    }

    @Test func `what opens while its end is delivered is told when the end is, or may be, known`() {
        for (outcome, next) in [
            (.delivered, ["r-2-opened"]), (Self.away, []), (Self.lost, ["r-2-opened"]),
            (Self.refused, []),
        ] {
            var bench = IncidentBench()
            bench.raise("a")
            #expect(bench.said() == ["opened a"])
            bench.resolve("a")
            _ = bench.machine.next(at: bench.now)
            bench.raise("a")
            bench.conclude(outcome)
            bench.now += .seconds(60)
            #expect(bench.say()?.entries.map(\.id) ?? [] == next)
            bench.resolve("a")
            bench.now += .seconds(60)
            #expect(bench.said() == ["recovered a"])
            #expect(bench.machine.deadline == nil)
        }
    }

    // MARK: - Crowds

    @Test func `a crowd is told in as many messages as a minute has, and none is left out`() throws
    {
        var bench = IncidentBench()
        for index in 0..<20 { bench.raise("t\(index)") }
        bench.raise("late but worst", .killSwitch)
        #expect(bench.machine.due(at: bench.now) == 21)
        #expect(bench.said() == ["opened late but worst"])
        for index in 0..<3 { #expect(bench.said() == ["opened t\(index)"]) }
        let summary = try bench.message()
        #expect(summary.isSummary)
        #expect(summary.entries.map(\.incident.fingerprint.subject) == (3..<20).map { "t\($0)" })
        #expect(summary.omitted == [:] && summary.untracked == [:])
        #expect(bench.machine.due(at: bench.now) == 0)

        bench.raise("next")
        #expect(bench.said() == [])
        bench.waitForDeadline()
        #expect(bench.now == .seconds(1_060))
        #expect(bench.said() == ["opened next"])
    }

    @Test func `a summary names the worst and counts the rest`() throws {
        var limits = IncidentBench.limits
        limits.messagesPerMinute = 1
        limits.summaryEntriesMax = 3
        var bench = IncidentBench(limits)
        bench.raise("gone")
        for index in 0..<5 { bench.raise("t\(index)") }
        bench.resolve("gone")
        bench.raise("worst", .invariantBroken)
        let summary = try bench.message()
        #expect(summary.entries.count == 3)
        #expect(summary.entries[0].incident.fingerprint.subject == "worst")
        #expect(summary.severity == .critical)
        #expect(summary.omitted.values.reduce(0, +) == 4)
        bench.now += .seconds(60)
        #expect(bench.said() == [])
    }

    @Test func `a summary that fails is made again of what is true by then`() {
        var limits = IncidentBench.limits
        limits.messagesPerMinute = 1
        var bench = IncidentBench(limits)
        bench.raise("a")
        bench.raise("b")
        #expect(bench.said(Self.away) == ["opened a", "opened b"])
        bench.resolve("a")
        bench.raise("c")
        bench.waitForDeadline()
        #expect(Set(bench.said()) == ["passed a", "opened b", "opened c"])
    }

    @Test func `without room the least important makes way, or is only counted`() throws {
        var limits = IncidentBench.limits
        limits.incidentsMax = 3
        var bench = IncidentBench(limits)
        bench.raise("closed", .killSwitch)
        bench.resolve("closed", .killSwitch)
        bench.raise("low", .leaseLost)
        bench.raise("high", .invariantBroken)
        bench.raise("x1", .taskDegraded)  // The closed one goes.
        bench.raise("x2", .taskDegraded)  // The lease goes.
        bench.raise("x3", .taskDegraded)  // None is less important.
        #expect(
            bench.machine.standing == [.invariantBroken: 1, .taskDegraded: 2])
        for _ in 0..<3 { #expect(bench.say()?.isSummary == false) }
        let summary = try bench.message()
        #expect(summary.entries.isEmpty)
        #expect(summary.untracked == [.killSwitch: 1, .leaseLost: 1, .taskDegraded: 1])
        #expect(bench.said() == [])
    }

    @Test func `what is under way keeps its place`() {
        var limits = IncidentBench.limits
        limits.incidentsMax = 1
        var bench = IncidentBench(limits)
        bench.raise("a", .leaseLost)
        _ = bench.machine.next(at: bench.now)
        bench.raise("b", .killSwitch)
        bench.conclude(.delivered)
        #expect(bench.machine.standing == [.leaseLost: 1])
        #expect(bench.say()?.untracked == [.killSwitch: 1])
    }
}
