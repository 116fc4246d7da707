// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Testing

@testable import RPC

/// Limits of calls in flight, and the way out of service.
@Suite struct LoadTests {
    @Test func `calls beyond a connection's limit are refused with 503`() async {
        var limits = RPCLimits()
        limits.callsInFlightPerConnectionMax = 2
        let fixture = Fixture(limits: limits)
        let waiting = (0..<2).map { _ in fixture.start(Fixture.call("test.wait")) }
        await fixture.methods.gate.arrivals(2)
        let refused = await fixture.send(Fixture.call("test.echo", id: "9"))
        #expect(refused.status == 503)
        #expect(refused.headers["retry-after"] == "1")
        #expect(refused.text.hasPrefix(#"{"jsonrpc":"2.0","id":9,"error":{"#))
        #expect(refused.text.contains(#""reason":"OVERLOADED","retryable":true"#))
        #expect(refused.text.contains(#""retryAfterMs":1000"#))

        let other = fixture.request(
            Fixture.call("test.echo"), connection: Fixture.connection(id: 2))
        #expect(await fixture.send(other).status == 200)

        fixture.methods.gate.open()
        for exchange in waiting { #expect(await exchange.response().status == 200) }
        #expect(await fixture.send(Fixture.call("test.echo")).status == 200)
    }

    @Test func `calls beyond the process's limit are refused with 503`() async {
        var limits = RPCLimits()
        limits.callsInFlightMax = 1
        let fixture = Fixture(limits: limits)
        let waiting = fixture.start(Fixture.call("test.wait"))
        await fixture.methods.gate.arrivals(1)
        let other = fixture.request(
            Fixture.call("test.echo"), connection: Fixture.connection(id: 2))
        #expect(await fixture.send(other).status == 503)
        #expect(other.connection.callsInFlight.count == 0)
        fixture.methods.gate.open()
        _ = await waiting.response()
        #expect(await fixture.send(other).status == 200)
    }

    @Test func `the calls of a batch beyond the limit are refused on their own`() async {
        var limits = RPCLimits()
        limits.callsInFlightPerConnectionMax = 3
        let fixture = Fixture(limits: limits)
        let calls = (0..<5).map { Fixture.call("test.wait", id: "\($0)") }
        let exchange = fixture.start("[" + calls.joined(separator: ",") + "]")
        await fixture.methods.gate.arrivals(3)
        fixture.methods.gate.open()
        let response = await exchange.response()
        #expect(response.status == 200)
        #expect(
            response.text.components(of: "waited") + response.text.components(of: "OVERLOADED") == 5
        )
        #expect(fixture.handler.callsInFlight == 0)
        #expect(fixture.connection.callsInFlight.count == 0)
    }

    @Test func `a place is left again however a call ends`() async {
        let fixture = Fixture()
        for call in ["test.echo", "test.fail", "nothing", "test.count"] {
            _ = await fixture.send(Fixture.call(call))
            _ = await fixture.send("[\(Fixture.call(call))]")
        }
        let hanging = fixture.start(Fixture.call("test.hang"))
        while fixture.handler.callsInFlight == 0 { await Task.yield() }
        hanging.close()
        _ = await hanging.response()
        #expect(fixture.handler.callsInFlight == 0)
        #expect(fixture.connection.callsInFlight.count == 0)
        #expect(fixture.connection.streamsOpen.count == 0)
    }

    @Test func `a drain turns readiness off and still answers calls`() async {
        let fixture = Fixture()
        let waiting = fixture.start(Fixture.call("test.wait"))
        await fixture.methods.gate.arrivals(1)
        fixture.handler.beginDrain()
        let ready = await fixture.send(fixture.request("", method: .get, path: "/readyz"))
        #expect(ready.status == 503)
        let live = await fixture.send(fixture.request("", method: .get, path: "/livez"))
        #expect(live.status == 200)
        #expect(await fixture.send(Fixture.call("test.echo")).status == 200)
        fixture.methods.gate.open()
        #expect(await waiting.response().text.contains("waited"))
    }

    @Test func `a stopped server refuses new calls and finishes those in flight`() async {
        let fixture = Fixture()
        let waiting = fixture.start(Fixture.call("test.wait"))
        await fixture.methods.gate.arrivals(1)
        fixture.handler.stop()
        let refused = await fixture.send(Fixture.call("test.echo", id: "5"))
        #expect(refused.status == 503)
        #expect(refused.headers.contains("retry-after"))
        #expect(refused.text.hasPrefix(#"{"jsonrpc":"2.0","id":5,"error":{"#))
        #expect(refused.text.contains(#""reason":"SHUTTING_DOWN","retryable":true"#))
        fixture.methods.gate.open()
        #expect(await waiting.response().text.contains("waited"))
    }
}
