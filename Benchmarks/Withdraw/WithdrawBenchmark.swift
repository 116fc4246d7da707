// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTP2
import HTTPMessages
import NIOCore
import NIOPosix

/// Sends `withdraw.create`, each call with a key of its own, and prints rate and latencies.
///
///     WithdrawBenchmark PORT CONNECTIONS STREAMS SECONDS ACCOUNTS
///
/// One thread; the accounts are `bench-1` to `bench-ACCOUNTS`. When a call was not accepted, it
/// says how many and what the first was told, and exits with 1: a rate is of withdrawals made.
@main
struct WithdrawBenchmark {
    /// What the streams have seen so far.
    private struct Tally: Sendable {
        /// The time of each accepted call.
        var samples: [Duration] = []
        var refusedCount = 0
        var firstRefusal: String?

        static func += (left: inout Tally, right: Tally) {
            left.samples += right.samples
            left.refusedCount += right.refusedCount
            left.firstRefusal = left.firstRefusal ?? right.firstRefusal
        }

        mutating func refuse(_ reason: String) {
            refusedCount += 1
            firstRefusal = firstRefusal ?? reason
        }
    }

    /// How an answer that accepts begins.
    private static let acceptance = Array(#"{"jsonrpc":"2.0","id":1,"result":{"#.utf8)

    let port: Int
    let connections: Int
    let streams: Int
    let duration: Duration
    let accounts: UInt64

    static func main() async throws {
        let numbers = CommandLine.arguments.dropFirst().map { Int($0) ?? 0 }
        guard numbers.count == 5, numbers.allSatisfy({ $0 > 0 }) else {
            fail("usage: WithdrawBenchmark PORT CONNECTIONS STREAMS SECONDS ACCOUNTS", 64)
        }
        let benchmark = WithdrawBenchmark(
            port: numbers[0], connections: numbers[1], streams: numbers[2],
            duration: .seconds(numbers[3]), accounts: UInt64(numbers[4]))
        try await benchmark.run()
    }

    private static func fail(_ reason: String, _ code: Int32) -> Never {
        FileHandle.standardError.write(Data("WithdrawBenchmark: \(reason)\n".utf8))
        exit(code)
    }

    private func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let resources = EventLoopResources(loop)
        var clients: [HTTP2Client] = []
        for _ in 0..<connections { clients.append(try await connect(loop, resources)) }
        let start = ContinuousClock.now
        let end = start + duration
        let tally = await withTaskGroup(of: Tally.self) { tasks in
            for (number, client) in clients.enumerated() {
                for stream in 0..<streams {
                    tasks.addTask(executorPreference: resources.executor) {
                        await load(client, "\(number)-\(stream)", until: end)
                    }
                }
            }
            return await tasks.reduce(into: Tally()) { $0 += $1 }
        }
        let elapsed = (ContinuousClock.now - start) / .seconds(1)
        let samples = tally.samples.sorted()
        if let reason = tally.firstRefusal {
            let all = samples.count + tally.refusedCount
            Self.fail("\(tally.refusedCount) of \(all) calls not accepted; first: \(reason)", 1)
        }
        func percentile(_ share: Double) -> String {
            let sample = samples[min(samples.count - 1, Int(Double(samples.count) * share))]
            return String(Int(sample / .microseconds(1)))
        }
        print(
            "\(Int(Double(samples.count) / elapsed)) withdrawals/s, p50 \(percentile(0.5)) µs, "
                + "p99 \(percentile(0.99)) µs, \(samples.count) in all")
        try await group.shutdownGracefully()
    }

    private func connect(
        _ loop: any EventLoop, _ resources: EventLoopResources
    ) async throws -> HTTP2Client {
        try await ClientBootstrap(group: loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try HTTP2Client.install(
                        on: channel, authority: "bench", isEncrypted: false, resources: resources)
                }
            }
    }

    /// Calls one after another until `end`; a stream whose connection is lost ends there.
    private func load(
        _ client: HTTP2Client, _ name: String, until end: ContinuousClock.Instant
    ) async -> Tally {
        var tally = Tally()
        var random = SystemRandomNumberGenerator()
        let run = random.next() as UInt64
        var count = 0
        let headers = HTTPHeaders(["content-type": "application/json"])
        while true {
            let start = ContinuousClock.now
            guard start < end else { return tally }
            count += 1
            let account = random.next() % accounts + 1
            let body = """
                {"jsonrpc":"2.0","id":1,"method":"withdraw.create","params":{"accountId":\
                "bench-\(account)","amount":"10000000","destination":\
                "UQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPuwA","idempotencyKey":\
                "\(run)-\(name)-\(count)"}}
                """
            do throws(HTTP2CallError) {
                let response = try await client.call(
                    HTTP2CallRequest(path: "/rpc", headers: headers, body: Array(body.utf8)))
                let answer = try await response.collect(bytesMax: 1 << 20)
                guard response.status == 200, answer.starts(with: Self.acceptance) else {
                    tally.refuse("\(response.status) \(String(decoding: answer, as: UTF8.self))")
                    continue
                }
                tally.samples.append(ContinuousClock.now - start)
            } catch {
                tally.refuse("\(error.code)")
                guard client.isOpen else { return tally }
            }
        }
    }
}
