// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTP2
import HTTPMessages
import NIOCore
import NIOPosix

/// Sends `withdraw.create`, each call with a key of its own, and prints rate and latencies.
///
///     WithdrawBenchmark PORT CONNECTIONS STREAMS SECONDS ACCOUNTS
///
/// One thread; the accounts are `bench-1` to `bench-ACCOUNTS`.
@main
struct WithdrawBenchmark {
    let port: Int
    let connections: Int
    let streams: Int
    let duration: Duration
    let accounts: UInt64

    static func main() async throws {
        let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        guard numbers.count == 5 else {
            print("usage: WithdrawBenchmark PORT CONNECTIONS STREAMS SECONDS ACCOUNTS")
            return
        }
        let benchmark = WithdrawBenchmark(
            port: numbers[0], connections: numbers[1], streams: numbers[2],
            duration: .seconds(numbers[3]), accounts: UInt64(numbers[4]))
        try await benchmark.run()
    }

    private func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let resources = EventLoopResources(loop)
        var clients: [HTTP2Client] = []
        for _ in 0..<connections { clients.append(try await connect(loop, resources)) }
        let start = ContinuousClock.now
        let end = start + duration
        let samples = await withTaskGroup(of: [Duration].self) { tasks in
            for (number, client) in clients.enumerated() {
                for stream in 0..<streams {
                    tasks.addTask(executorPreference: resources.executor) {
                        await load(client, "\(number)-\(stream)", until: end)
                    }
                }
            }
            return await tasks.reduce(into: [Duration]()) { $0 += $1 }
        }.sorted()
        let elapsed = (ContinuousClock.now - start) / .seconds(1)
        guard !samples.isEmpty else { return print("no call was accepted") }
        func percentile(_ share: Double) -> String {
            let sample = samples[min(samples.count - 1, Int(Double(samples.count) * share))]
            return String(Int(sample / .microseconds(1)))
        }
        print(
            "\(Int(Double(samples.count) / elapsed)) withdrawals/s, p50 \(percentile(0.5)) µs, "
                + "p99 \(percentile(0.99)) µs")
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

    /// Calls one after another until `end`; the time of each that was accepted.
    private func load(
        _ client: HTTP2Client, _ name: String, until end: ContinuousClock.Instant
    ) async -> [Duration] {
        var samples: [Duration] = []
        var random = SystemRandomNumberGenerator()
        let run = random.next() as UInt64
        var count = 0
        let headers = HTTPHeaders(["content-type": "application/json"])
        while true {
            let start = ContinuousClock.now
            guard start < end else { return samples }
            count += 1
            let account = random.next() % accounts + 1
            let body = """
                {"jsonrpc":"2.0","id":1,"method":"withdraw.create","params":{"accountId":\
                "bench-\(account)","amount":"10000000","destination":\
                "UQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPuwA","idempotencyKey":\
                "\(run)-\(name)-\(count)"}}
                """
            guard
                let response = try? await client.call(
                    HTTP2CallRequest(path: "/rpc", headers: headers, body: Array(body.utf8))),
                let answer = try? await response.collect(bytesMax: 1 << 20),
                answer.count > 300
            else { return samples }
            samples.append(ContinuousClock.now - start)
        }
    }
}
