// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Synchronization
import Testing

@testable import RPC

@Suite struct StreamTests {
    let fixture = Fixture()

    private func event(_ count: Int) -> String {
        #"{"jsonrpc":"2.0","method":"test.count","params":{"count":\#(count)}}"#
    }

    @Test func `a stream is notifications and then the response`() async {
        let exchange = fixture.exchange()
        let response = await exchange.answer(
            to: fixture.request(Fixture.call("test.count", #"{"count":3}"#, id: "\"s\"")),
            from: fixture.handler)
        #expect(response.status == 200)
        #expect(response.headers["content-type"] == "application/x-ndjson")
        #expect(response.headers.contains("x-request-id"))
        let last = #"{"jsonrpc":"2.0","id":"s","result":{"text":"done"}}"#
        #expect(response.text == [event(0), event(1), event(2), last].map { $0 + "\n" }.joined())
        #expect(exchange.answersCount == 1)
        #expect(response.trailers == nil)
    }

    @Test func `a stream without events is its response alone`() async {
        let response = await fixture.send(Fixture.call("test.count", #"{"count":0}"#))
        #expect(response.headers["content-type"] == "application/x-ndjson")
        #expect(response.text == "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"text\":\"done\"}}\n")
    }

    @Test func `a stream refused before its first event is answered plainly`() async {
        let response = await fixture.send(Fixture.call("test.count", #"{"count":"x"}"#))
        #expect(response.headers["content-type"] == "application/json")
        #expect(response.text.hasPrefix(#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"#))
    }

    @Test func `a caller that leaves ends its stream`() async {
        let exchange = fixture.start(Fixture.call("test.watch"))
        #expect(await exchange.lines(1).count == 1)
        exchange.close()
        _ = await exchange.response()
        #expect(fixture.methods.executed.endedStreams.load(ordering: .relaxed) == 1)
        #expect(fixture.handler.callsInFlight == 0)
        #expect(fixture.connection.streamsOpen.count == 0)
    }

    @Test func `a slow reader slows its service`() async {
        let exchange = fixture.start(Fixture.call("test.count", #"{"count":5}"#), writesAllowed: 2)
        await exchange.writeBlocked()
        #expect(fixture.methods.executed.count.load(ordering: .relaxed) == 2)
        exchange.allowWrites(4)
        #expect(await exchange.response().text.hasSuffix("\"done\"}}\n"))
    }

    @Test func `a caller that leaves while it is slow ends its stream`() async {
        let exchange = fixture.start(Fixture.call("test.count", #"{"count":5}"#), writesAllowed: 1)
        await exchange.writeBlocked()
        exchange.close()
        _ = await exchange.response()
        #expect(fixture.methods.executed.count.load(ordering: .relaxed) == 1)
        #expect(fixture.handler.callsInFlight == 0)
    }

    @Test func `a stream ends at its own deadline with an error line`() async {
        let exchange = fixture.start(Fixture.call("test.watch"), headers: ["grpc-timeout": "90S"])
        _ = await exchange.lines(1)
        fixture.time.advance(by: .seconds(89))
        #expect(!exchange.isComplete)
        fixture.time.advance(by: .seconds(1))
        let lines = await exchange.lines(2)
        #expect(lines.last?.contains("DEADLINE_EXCEEDED") == true)
        #expect(lines.last?.hasPrefix(#"{"jsonrpc":"2.0","id":1,"error":{"#) == true)
    }

    @Test func `a stream without a timeout lives as long as streams may`() async {
        let exchange = fixture.start(Fixture.call("test.watch"))
        _ = await exchange.lines(1)
        fixture.time.advance(by: RPCLimits().streamDurationMax - .milliseconds(6))
        #expect(!exchange.isComplete)
        fixture.time.advance(by: .milliseconds(6))
        #expect(await exchange.lines(2).last?.contains("DEADLINE_EXCEEDED") == true)
    }

    @Test func `streams beyond a connection's limit are refused`() async {
        var limits = RPCLimits()
        limits.streamsPerConnectionMax = 1
        let fixture = Fixture(limits: limits)
        let first = fixture.start(Fixture.call("test.watch"))
        _ = await first.lines(1)
        let refused = await fixture.send(Fixture.call("test.watch"))
        #expect(refused.status == 503)
        #expect(refused.text.contains("OVERLOADED"))
        first.close()
        _ = await first.response()
        #expect(await fixture.send(Fixture.call("test.count")).status == 200)
    }

    @Test func `streams beyond the process's limit are refused`() async {
        var limits = RPCLimits()
        limits.streamsMax = 1
        let fixture = Fixture(limits: limits)
        let first = fixture.start(Fixture.call("test.watch"))
        _ = await first.lines(1)
        let other = fixture.request(
            Fixture.call("test.watch"), connection: Fixture.connection(id: 2))
        #expect(await fixture.send(other).status == 503)
        #expect(other.connection.streamsOpen.count == 0)
        first.close()
        _ = await first.response()
    }

    @Test func `a drain ends open streams with a retryable error and refuses new ones`() async {
        let exchange = fixture.start(Fixture.call("test.watch"))
        _ = await exchange.lines(1)
        fixture.handler.beginDrain()
        let lines = await exchange.lines(2)
        #expect(lines.last?.contains(#""reason":"SHUTTING_DOWN","retryable":true"#) == true)
        let refused = await fixture.send(Fixture.call("test.watch"))
        #expect(refused.status == 503)
        #expect(refused.text.contains("SHUTTING_DOWN"))
        #expect(fixture.connection.streamsOpen.count == 0)
    }
}
