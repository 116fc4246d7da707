// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Telemetry
import TellerProtocol
import Testing

@testable import RPC

/// The headers beside the body.
@Suite struct MetadataTests {
    let fixture = Fixture()

    // MARK: grpc-timeout

    @Test(arguments: [
        ("1H", Duration.seconds(3600)), ("2M", .seconds(120)), ("3S", .seconds(3)),
        ("4m", .milliseconds(4)), ("5u", .microseconds(5)), ("6n", .nanoseconds(6)),
        ("99999999H", .seconds(99_999_999 * 3600)), ("00000001S", .seconds(1)), ("0n", .zero),
    ]) func `a timeout is digits and a unit`(text: String, duration: Duration) {
        #expect(GRPCTimeout.duration(Array(text.utf8)[...]) == duration)
    }

    @Test(arguments: [
        "", "S", "1", "1s", "1h", "123456789S", "-1S", "+1S", "1.5S", "1 S", " 1S", "1S ", "0x1S",
        "1SS", "١S",
    ]) func `anything else is no timeout`(text: String) async {
        #expect(GRPCTimeout.duration(Array(text.utf8)[...]) == nil)
        let response = await fixture.send(
            Fixture.call("test.echo"), headers: ["grpc-timeout": text])
        #expect(response.status == 200)
        #expect(response.text.hasPrefix(#"{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"#))
    }

    @Test func `a deadline that has passed executes nothing`() async {
        let response = await fixture.send(
            Fixture.call("test.echo"), headers: ["grpc-timeout": "0S"])
        #expect(response.text.contains("DEADLINE_EXCEEDED"))
        #expect(fixture.methods.executed.count.load(ordering: .relaxed) == 0)
    }

    @Test func `a call ends at its deadline`() async {
        let exchange = fixture.start(Fixture.call("test.hang"), headers: ["grpc-timeout": "200m"])
        while fixture.handler.callsInFlight == 0 { await Task.yield() }
        fixture.time.advance(by: .milliseconds(199))
        #expect(!exchange.isComplete)
        fixture.time.advance(by: .milliseconds(1))
        let response = await exchange.response()
        #expect(response.status == 200)
        #expect(response.text.contains(#""status":"DEADLINE_EXCEEDED""#))
        #expect(fixture.handler.callsInFlight == 0)
    }

    @Test func `a call without a timeout ends at the default`() async {
        let exchange = fixture.start(Fixture.call("test.hang"))
        while fixture.handler.callsInFlight == 0 { await Task.yield() }
        fixture.time.advance(by: RPCLimits().deadlineDefault)
        #expect(await exchange.response().text.contains("DEADLINE_EXCEEDED"))
    }

    @Test func `a timeout is shortened to the longest allowed`() async {
        let exchange = fixture.start(
            Fixture.call("test.hang"), headers: ["grpc-timeout": "99999999H"])
        while fixture.handler.callsInFlight == 0 { await Task.yield() }
        fixture.time.advance(by: RPCLimits().deadlineMax)
        #expect(await exchange.response().text.contains("DEADLINE_EXCEEDED"))
    }

    @Test func `a caller that goes away ends its call`() async {
        let exchange = fixture.start(Fixture.call("test.hang"))
        while fixture.handler.callsInFlight == 0 { await Task.yield() }
        exchange.close()
        _ = await exchange.response()
        #expect(fixture.handler.callsInFlight == 0)
    }

    // MARK: x-request-id

    @Test(arguments: ["a", "A-1_b:c.D", String(repeating: "x", count: 128)])
    func `a usable request id is taken over`(id: String) async {
        let response = await fixture.send(Fixture.call("test.echo"), headers: ["x-request-id": id])
        #expect(response.headers["x-request-id"] == id)
    }

    @Test(arguments: [
        "", " ", "a b", "a\"b", "é", "a\u{1B}[31m", String(repeating: "x", count: 129),
    ]) func `another request id is replaced`(id: String) async {
        let response = await fixture.send(Fixture.call("test.echo"), headers: ["x-request-id": id])
        let made = response.headers["x-request-id"]
        #expect(made != id)
        #expect((1...13).contains(made?.count ?? 0))
    }

    @Test func `request ids made here differ`() {
        let source = IdentifierSource(seed: 42)
        let texts = (0..<10_000).map { _ in source.nextText() }
        #expect(Set(texts).count == 10_000)
        #expect(texts.allSatisfy { (1...13).contains($0.utf8.count) })
    }

    // MARK: traceparent

    private let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test func `without a tracer the caller's trace is passed on as it is`() async throws {
        let trace = try #require(TraceContext(traceparent: Array(parent.utf8)[...]))
        #expect(trace.traceIDText == "0af7651916cd43dd8448eb211c80319c")
        #expect(trace.spanID == 0xB7AD_6B71_6920_3331)
        #expect(trace.traceparent == parent)
        let response = await fixture.send(
            Fixture.call("test.who"), headers: ["traceparent": parent])
        #expect(response.text.contains("anonymous \(parent)"))
        let twice = await fixture.send(
            Fixture.call("test.who"), headers: ["traceparent": parent, "traceparent": parent])
        #expect(twice.text.contains("anonymous -"))
    }

    @Test(arguments: [
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-09",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
    ]) func `a later version is read as far as it is known`(text: String) {
        #expect(TraceContext(traceparent: Array(text.utf8)[...]) != nil)
    }

    @Test(arguments: [
        "", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
        "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.more",
    ]) func `an invalid trace is left out and the call goes on`(text: String) async {
        #expect(TraceContext(traceparent: Array(text.utf8)[...]) == nil)
        let response = await fixture.send(Fixture.call("test.who"), headers: ["traceparent": text])
        #expect(response.text.contains("anonymous -"))
    }

    // MARK: Idempotency-Key

    @Test(arguments: [
        ("abc", "abc"), ("a b~!", "a b~!"), ("\"quoted\"", "quoted"), (#""a\"b\\c""#, #"a"b\c"#),
        (String(repeating: "k", count: 255), String(repeating: "k", count: 255)), ("\"", "\""),
    ]) func `a key in the header is the call's key`(text: String, key: String) async {
        let response = await fixture.send(
            Fixture.call("test.key"), headers: ["idempotency-key": text])
        let escaped = key.flatMap { "\"\\".contains($0) ? "\\\($0)" : "\($0)" }
        #expect(response.text.contains(#""text":"\#(String(escaped))""#))
    }

    @Test(
        arguments: ["", "\"\"", "é", "a\tb", #""a\b""#, #""a"b""#, #""a\""#] + [
            String(repeating: "k", count: 256)
        ]) func `another key header is refused and the call not run`(text: String) async
    {
        let response = await fixture.send(
            Fixture.call("test.echo"), headers: ["idempotency-key": text])
        #expect(response.text.hasPrefix(#"{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"#))
        #expect(fixture.methods.executed.count.load(ordering: .relaxed) == 0)
    }

    @Test func `two key headers are refused`() async {
        let response = await fixture.send(
            Fixture.call("test.key"), headers: ["idempotency-key": "a", "idempotency-key": "a"])
        #expect(response.text.contains("-32600"))
    }

    @Test func `the keys of params and header must agree`() async {
        let call = Fixture.call("test.key", #"{"idempotencyKey":"a"}"#)
        #expect(await fixture.send(call).text.contains(#""text":"a""#))
        let agreeing = await fixture.send(call, headers: ["idempotency-key": "a"])
        #expect(agreeing.text.contains(#""text":"a""#))
        let disagreeing = await fixture.send(call, headers: ["idempotency-key": "b"])
        #expect(disagreeing.text.hasPrefix(#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"#))
        #expect(disagreeing.text.contains(#""path":"idempotencyKey""#))
    }

    @Test func `a call without a key has none`() async {
        #expect(await fixture.send(Fixture.call("test.key")).text.contains(#""text":"none""#))
    }
}
