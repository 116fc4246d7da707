// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import AllocationCounter
import Resilience

/// Teller's default retry policy beside what peers do about retries, on the same simulated loads,
/// and what the pipeline costs. Prints rows of the table of docs/benchmarks.md.
///
///     ResilienceBenchmark [SEED]
@main
struct ResilienceBenchmark {
    static func main() async throws {
        let seed = CommandLine.arguments.dropFirst().first.flatMap { UInt64($0) } ?? 1
        for (scenario, what, goal) in [
            (SimulationScenario.transientFaults, "5 % transient faults", "≥ 99 % success"),
            (.fullOutage, "a full outage of a minute", "≤ 1.10 attempts a call"),
            (.brownout, "half the capacity for a minute", ""),
        ] {
            compare(scenario, "\(what), 1,000 calls/s", goal: goal, seed: seed)
        }
        try await cost()
    }

    // MARK: - Peers

    private static func compare(
        _ scenario: SimulationScenario, _ what: String, goal: String, seed: UInt64
    ) {
        let load = SimulatedLoad(scenario, callsPerSecond: 1_000)
        let ours = Simulation.run(load, CheckedRetryPolicy.default, seed: seed)
        var what = what
        var goal = goal
        func row(_ peer: String, _ report: SimulationReport) {
            let ratio = ours.duringFault.loadPermille * 100 / report.duringFault.loadPermille
            print(
                "| \(what) | \(text(ours)) | \(text(report)), \(peer) | \(decimal(ratio, 2)) of "
                    + "its attempts | \(goal) |")
            what = "the same"
            goal = ""
        }
        func run(_ throttle: some RetryThrottle) -> SimulationReport {
            Simulation.run(load, ThrottledGovernor(throttle), seed: seed)
        }
        row("three attempts without a limit", run(Unthrottled()))
        row("gRPC retry throttling (10 tokens, ratio 0.1)", run(GRPCThrottle()))
        row("AWS standard mode (500 tokens)", run(AWSThrottle()))
        row("Envoy's 20 % retry budget", run(EnvoyThrottle()))
    }

    private static func text(_ report: SimulationReport) -> String {
        let tally = report.duringFault
        let recovery = Int((report.recovery ?? .zero) / .milliseconds(10))
        return "\(decimal(tally.loadPermille, 3)) attempts a call, "
            + "\(decimal(tally.successPermille, 1)) % succeed, whole again after "
            + "\(decimal(recovery, 2)) s"
    }

    /// `value` ÷ 10 to the power of `digits`.
    private static func decimal(_ value: Int, _ digits: Int) -> String {
        let text = String(value)
        let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
        return padded.dropLast(digits) + "." + padded.suffix(digits)
    }

    // MARK: - Cost

    private struct Failed: Error {}

    /// Successful calls one after another through the pipeline on the real clock; the best of
    /// five rounds, so that another process's turn on the core doesn't count.
    private static func cost() async throws {
        let clock = ContinuousClock()
        let origin = clock.now
        let pipeline = CallPipeline(
            .default, now: { clock.now - origin }, sleep: { try await Task.sleep(for: $0) },
            random: { UInt64.random(in: 0 ... .max) })
        // A counter that counted nothing would show none below.
        precondition(allocations_count() > 0, "allocations are not counted")
        let callsCount = 200_000
        var best = Duration.seconds(1_000)
        var fewest = UInt64.max
        for _ in 0..<5 {
            let start = clock.now
            let before = allocations_count()
            for number in 0..<callsCount {
                let answer = try await pipeline.call(isRepeatable: true) {
                    (_) async throws(AttemptFailure<Failed>) in number
                }
                precondition(answer == number)
            }
            fewest = min(fewest, allocations_count() - before)
            best = min(best, clock.now - start)
        }
        let nanoseconds = Int(best / .nanoseconds(1)) / callsCount
        let allocations = Int(fewest) * 1_000 / callsCount
        print(
            "| a successful call through the pipeline | \(decimal(nanoseconds, 3)) µs, "
                + "\(decimal(allocations, 3)) allocations | | | ≤ 2 µs, none |")
    }
}
