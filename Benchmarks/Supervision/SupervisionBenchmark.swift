// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPMessages
import Logging
import RPC
import Resilience
import Supervision
import Synchronization

/// Lets one child crash a thousand times, as fast as the default policy's shortest pause lets it,
/// beside siblings that tick every millisecond and one that makes a call of the RPC layer in each.
/// It compares how late the ticks are, and how long the calls take, with how it is while nothing
/// crashes. Quarters of a second with and without crashes take turns, so that the machine's moods
/// meet both alike.
///
///     SupervisionBenchmark [CRASHES]
///
/// Prints `CRASHES SECONDS`, then for the median, the mean and the 99th percentile of the lateness,
/// and then of the calls, `QUIET CRASHING` in microseconds, then the resident KiB after a tenth of
/// the crashes and at the end.
@main
enum SupervisionBenchmark {
    private static let tick: Duration = .milliseconds(1)
    private static let siblings = 4
    private static let phase: Duration = .milliseconds(250)

    /// Times by phase, of a fixed size.
    private final class Times: Sendable {
        /// Tenths of a microsecond told apart; longer times count as this long.
        private static let tenthsMax = 1_000_000

        private let counts = Mutex(
            [[Int]](repeating: [Int](repeating: 0, count: tenthsMax + 1), count: 2))

        func add(_ time: Duration, whileCrashing: Bool) {
            let tenths = Int(max(0, time.nanosecondsClamped / 100))
            counts.withLock { $0[whileCrashing ? 1 : 0][min(tenths, Self.tenthsMax)] += 1 }
        }

        /// Median, mean and 99th percentile, in microseconds.
        func figures(ofPhase phase: Int) -> [Double] {
            let counts = counts.withLock { $0[phase] }
            let total = counts.reduce(0, +)
            let sum = counts.enumerated().reduce(0) { $0 + $1.offset * $1.element }
            return [
                Double(quantile(counts, total * 50 / 100)), Double(sum) / Double(max(1, total)),
                Double(quantile(counts, total * 99 / 100)),
            ].map { $0 / 10 }
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

    /// What all children share.
    private final class Record: Sendable {
        let isCrashing = Atomic(false)
        let crashes = Atomic(0)
        let lateness = Times()
        let calls = Times()
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
        let figures = [record.lateness, record.calls].flatMap { times in
            zip(times.figures(ofPhase: 0), times.figures(ofPhase: 1)).map {
                String(format: "%.1f %.1f", $0, $1)
            }
        }
        print(
            record.crashes.load(ordering: .relaxed), String(format: "%.1f", seconds),
            figures.joined(separator: " "), early ?? late, late)
    }

    private static func children(_ record: Record) -> [Child] {
        var policy = ChildPolicy()
        // The default's shortest, and it never grows.
        let pause = policy.backoff.base / 2
        policy.backoff = Backoff(base: pause, factorPercent: 100, cap: pause, jitter: .none)
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
                        record.lateness.add(
                            now - last - tick,
                            whileCrashing: record.isCrashing.load(ordering: .relaxed))
                        last = now
                    }
                }
            } + [calling(record)]
    }

    /// Makes a call of the RPC layer, in process, in each millisecond.
    private static func calling(_ record: Record) -> Child {
        let handler = RPCHandler(
            methods: [RPCMethod.constant("service.info", scope: "service:read", result: [0x31])],
            access: .open, health: HealthState(blockers: []), identifierSeed: 1,
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        let request = HTTPRequest(
            method: .post, path: "/rpc",
            headers: HTTPHeaders(["content-type": "application/json"]),
            body: Array(#"{"jsonrpc":"2.0","id":1,"method":"service.info"}"#.utf8),
            connection: HTTPConnectionInfo(
                id: 1, version: .http2, remoteAddress: "127.0.0.1", isEncrypted: false,
                clientCertificateSubject: nil))
        return Child(name: "calls") { context in
            while !context.isStopping {
                context.heartbeat()
                await context.wait(atMost: tick)
                let start = context.time.now()
                await handler.handle(request, Exchange())
                record.calls.add(
                    context.time.now() - start,
                    whileCrashing: record.isCrashing.load(ordering: .relaxed))
            }
        }
    }

    /// Takes the response and forgets it.
    private struct Exchange: HTTPExchange {
        func respond(_ response: HTTPResponse) { precondition(response.status == 200) }
        func begin(status: Int, headers: HTTPHeaders) {}
        func write(_ bytes: [UInt8]) async throws(HTTPStreamClosed) {}
        func finish(trailers: HTTPHeaders?) {}
        func cancel(after duration: Duration) {}
    }

    /// Resident memory of this process in KiB.
    private static func resident() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        let fields = text.split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4 : 0
    }
}
