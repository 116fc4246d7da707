// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOPosix
import TellerProtocol

/// Sends `withdraw.create`, each call with a key of its own, and prints rate and latencies.
///
///     WithdrawBenchmark PORT CONNECTIONS STREAMS SECONDS ACCOUNTS
///
/// One thread; the accounts are `bench-1` to `bench-ACCOUNTS`. When a call was not accepted, it
/// says how many and what the first was told, and exits with 1: a rate is of withdrawals made.
@main
struct WithdrawBenchmark {
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
        let start = NIODeadline.now()
        let end = start + .nanoseconds(Int64(duration / .nanoseconds(1)))
        var tallies: [EventLoopFuture<Tally>] = []
        for _ in 0..<connections {
            tallies.append(try await connect(loop, until: end))
        }
        var tally = Tally()
        for future in tallies { tally += try await future.get() }
        let elapsed = Double((NIODeadline.now() - start).nanoseconds) / 1e9
        let samples = tally.samples.sorted()
        if let reason = tally.firstRefusal {
            let all = samples.count + tally.refusedCount
            Self.fail("\(tally.refusedCount) of \(all) calls not accepted; first: \(reason)", 1)
        }
        func percentile(_ share: Double) -> UInt32 {
            samples[min(samples.count - 1, Int(Double(samples.count) * share))]
        }
        print(
            "\(Int(Double(samples.count) / elapsed)) withdrawals/s, p50 \(percentile(0.5)) µs, "
                + "p99 \(percentile(0.99)) µs, \(samples.count) in all")
        try await group.shutdownGracefully()
    }

    /// - Returns: what the connection has seen once its last call is answered.
    private func connect(
        _ loop: any EventLoop, until end: NIODeadline
    ) async throws -> EventLoopFuture<Tally> {
        let done = loop.makePromise(of: Tally.self)
        let (accounts, streams) = (accounts, streams)
        _ = try await ClientBootstrap(group: loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(
                .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 1 << 17)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    var bodies = Bodies(accounts: accounts)
                    try channel.pipeline.syncOperations.addHandler(
                        CallingConnection(streams: streams, until: end, done: done) {
                            bodies.write(to: &$0)
                        })
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return done.futureResult
    }
}

/// The calls of one connection: random accounts, and keys as `TellerClient` makes them.
private struct Bodies {
    private static let beforeAccount =
        #"{"jsonrpc":"2.0","id":1,"method":"withdraw.create","params":{"accountId":"bench-"#
    private static let beforeKey =
        #"","amount":"10000000","destination":"#
        + #""UQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPuwA","idempotencyKey":"r2-"#
    private static let afterKey = #""}}"#

    private let accounts: UInt64
    /// SplitMix64's state (Steele, Lea, Flood): cheap, and good enough to spread the load.
    private var state = UInt64.random(in: 0...UInt64.max)
    private var key: [UInt8] = []

    init(accounts: UInt64) { self.accounts = accounts }

    mutating func write(to buffer: inout ByteBuffer) {
        let id = UUIDv7(
            unixMilliseconds: UInt64(Timestamp.now.unixMilliseconds),
            sequence: UInt16(truncatingIfNeeded: next()), random: next())
        key.removeAll(keepingCapacity: true)
        id.appendText(to: &key)
        buffer.writeString(Self.beforeAccount)
        buffer.writeString(String(next() % accounts + 1))
        buffer.writeString(Self.beforeKey)
        buffer.writeBytes(key)
        buffer.writeString(Self.afterKey)
    }

    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
