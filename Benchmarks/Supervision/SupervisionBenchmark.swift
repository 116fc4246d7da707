// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Resilience
import Supervision
import Synchronization

/// Lets one child crash a thousand times beside siblings that tick every millisecond, and compares
/// how late their ticks are with how late they are while nothing crashes. Quarters of a second
/// with and without crashes take turns, so that the machine's moods meet both alike.
///
///     SupervisionBenchmark [CRASHES]
///
/// Prints `CRASHES SECONDS`, then for the median, the mean and the 99th percentile of the lateness
/// `QUIET CRASHING` in microseconds, then the resident KiB after a tenth of the crashes and at the
/// end.
@main
enum SupervisionBenchmark {
    private static let tick: Duration = .milliseconds(1)
    private static let siblings = 4
    private static let phase: Duration = .milliseconds(250)

    /// Lateness of ticks, by phase; shared by the siblings and of a fixed size.
    private final class Record: Sendable {
        /// Microseconds told apart; later ticks count as this late.
        static let microsecondsMax = 100_000

        let isCrashing = Atomic(false)
        let crashes = Atomic(0)
        private let counts = Mutex(
            [[Int]](repeating: [Int](repeating: 0, count: microsecondsMax + 1), count: 2))

        func add(_ lateness: Duration) {
            let microseconds = Int(max(0, lateness.nanosecondsClamped / 1_000))
            let phase = isCrashing.load(ordering: .relaxed) ? 1 : 0
            counts.withLock { $0[phase][min(microseconds, Self.microsecondsMax)] += 1 }
        }

        /// Median, mean and 99th percentile, in microseconds.
        func figures(ofPhase phase: Int) -> [Double] {
            let counts = counts.withLock { $0[phase] }
            let total = counts.reduce(0, +)
            let sum = counts.enumerated().reduce(0) { $0 + $1.offset * $1.element }
            return [
                Double(quantile(counts, total * 50 / 100)), Double(sum) / Double(max(1, total)),
                Double(quantile(counts, total * 99 / 100)),
            ]
        }

        private func quantile(_ counts: [Int], _ rank: Int) -> Int {
            var passed = 0
            for (value, count) in counts.enumerated() {
                passed += count
                if passed > rank { return value }
            }
            return 0
        }
    }

    private struct Crash: Error {}

    static func main() async throws {
        let wanted = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 1_000
        let record = Record()
        let quiet = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        let supervisor = try Supervisor(children: children(record), logger: quiet)
        let running = Task { try await supervisor.run() }
        let start = ContinuousClock.now
        var early: Int?
        while record.crashes.load(ordering: .relaxed) < wanted {
            try await Task.sleep(for: phase)
            let wasCrashing = record.isCrashing.load(ordering: .relaxed)
            record.isCrashing.store(!wasCrashing, ordering: .relaxed)
            if early == nil, record.crashes.load(ordering: .relaxed) >= wanted / 10 {
                early = resident()
            }
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let late = resident()
        guard supervisor.status().allSatisfy({ $0.name == "crashes" || $0.attempt == 1 }) else {
            print("a sibling was restarted")
            exit(1)
        }
        running.cancel()
        try await running.value
        let figures = zip(record.figures(ofPhase: 0), record.figures(ofPhase: 1)).map {
            String(format: "%.1f %.1f", $0, $1)
        }
        print(
            record.crashes.load(ordering: .relaxed), String(format: "%.1f", seconds),
            figures.joined(separator: " "), early ?? late, late)
    }

    private static func children(_ record: Record) -> [Child] {
        var policy = ChildPolicy()
        // Under half of the default's shortest pause, and it never grows.
        policy.backoff = Backoff(
            base: .milliseconds(20), factorPercent: 100, cap: .milliseconds(20), jitter: .none)
        let crashing = Child(name: "crashes", policy: policy) { context in
            while !record.isCrashing.load(ordering: .relaxed), !context.isStopping {
                await context.wait(atMost: .milliseconds(5))
            }
            record.crashes.add(1, ordering: .relaxed)
            throw Crash()
        }
        return [crashing]
            + (0..<siblings).map { number in
                Child(name: "ticks \(number)") { context in
                    var last = context.time.now()
                    while !context.isStopping {
                        context.heartbeat()
                        await context.wait(atMost: tick)
                        let now = context.time.now()
                        record.add(now - last - tick)
                        last = now
                    }
                }
            }
    }

    /// Resident memory of this process in KiB.
    private static func resident() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        let fields = text.split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4 : 0
    }
}
