// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import RPC

/// JSON-RPC 2.0 section 6, and what a batch may not do here.
@Suite struct BatchTests {
    let fixture = Fixture()

    private func batch(_ calls: [String]) -> String { "[" + calls.joined(separator: ",") + "]" }

    @Test func `the batch of the specification's section 7`() async {
        let response = await fixture.send(
            """
            [
              {"jsonrpc": "2.0", "method": "test.echo", "params": {"count": 7}, "id": "1"},
              {"jsonrpc": "2.0", "method": "test.echo", "params": {"count": 7}},
              {"jsonrpc": "2.0", "method": "test.echo", "params": {"count": 19}, "id": "2"},
              {"foo": "boo"},
              {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
              {"jsonrpc": "2.0", "method": "test.echo", "id": "9"}
            ]
            """)
        #expect(response.status == 200)
        let text = response.text
        #expect(text.hasPrefix(#"[{"jsonrpc":"2.0","id":"1","result":{"count":7}},"#))
        #expect(text.contains(#"{"jsonrpc":"2.0","id":"2","result":{"count":19}},"#))
        #expect(text.contains(#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"#))
        #expect(text.contains(#"{"jsonrpc":"2.0","id":"5","error":{"code":-32601,"#))
        #expect(text.hasSuffix(#",{"jsonrpc":"2.0","id":"9","result":{}}]"#))
        #expect(text.components(of: #""jsonrpc""#) == 5)
    }

    @Test(arguments: ["[]", "[ \n ]"]) func `an empty batch is an invalid request`(body: String)
        async
    {
        let response = await fixture.send(body)
        #expect(response.text.hasPrefix(#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"#))
    }

    @Test func `elements that are no calls are each refused`() async {
        let response = await fixture.send("[1,2,[3]]")
        #expect(response.text.hasPrefix(#"[{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"#))
        #expect(response.text.components(of: "-32600") == 3)
    }

    @Test func `a batch of notifications has no answer`() async {
        let notification = #"{"jsonrpc":"2.0","method":"test.echo"}"#
        let response = await fixture.send(batch([notification, notification]))
        #expect(response.status == 204)
        #expect(response.body.isEmpty)
        #expect(fixture.methods.executed.count.load(ordering: .relaxed) == 2)
    }

    @Test func `a batch beyond the limit executes nothing`() async {
        let calls = [String](repeating: Fixture.call("test.echo"), count: 101)
        let response = await fixture.send(batch(calls))
        #expect(response.text.hasPrefix(#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"#))
        #expect(fixture.methods.executed.count.load(ordering: .relaxed) == 0)
    }

    @Test func `a full batch is answered in the order of its calls`() async {
        let calls = (0..<100).map { Fixture.call("test.echo", #"{"count":\#($0)}"#, id: "\($0)") }
        let response = await fixture.send(batch(calls))
        let expected = (0..<100).map { #"{"jsonrpc":"2.0","id":\#($0),"result":{"count":\#($0)}}"# }
        #expect(response.text == batch(expected))
    }

    @Test func `the calls of a batch run at once`() async {
        let calls = (0..<10).map { Fixture.call("test.wait", id: "\($0)") }
        let exchange = fixture.start(batch(calls))
        await fixture.methods.gate.arrivals(10)
        #expect(fixture.handler.callsInFlight == 10)
        fixture.methods.gate.open()
        #expect(await exchange.response().text.components(of: "waited") == 10)
        #expect(fixture.handler.callsInFlight == 0)
    }

    @Test func `the same id may stand twice`() async {
        let call = Fixture.call("test.echo", id: "1")
        let response = await fixture.send(batch([call, call]))
        #expect(response.text.components(of: #""id":1,"#) == 2)
    }

    @Test func `a nested batch is no call`() async {
        let response = await fixture.send("[" + batch([Fixture.call("test.echo")]) + "]")
        #expect(response.text.hasPrefix(#"[{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"#))
    }

    @Test func `a stream in a batch is refused and the rest is answered`() async {
        let response = await fixture.send(
            batch([Fixture.call("test.watch", id: "1"), Fixture.call("test.echo", id: "2")]))
        #expect(response.headers["content-type"] == "application/json")
        #expect(response.text.hasPrefix(#"[{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"#))
        #expect(response.text.hasSuffix(#"{"jsonrpc":"2.0","id":2,"result":{}}]"#))
        #expect(fixture.handler.callsInFlight == 0)
    }

    @Test func `a batch takes no idempotency key header`() async {
        let response = await fixture.send(
            batch([Fixture.call("test.key")]), headers: ["idempotency-key": "k"])
        #expect(response.text.hasPrefix(#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"#))
    }

    @Test func `the answers of a batch are bounded`() async {
        var limits = RPCLimits()
        limits.batchReplyBytesMax = 3000
        let fixture = Fixture(limits: limits)
        let calls = (0..<10).map {
            Fixture.call("test.large", #"{"count":1000}"#, id: "\"call \($0)\"")
        }
        let response = await fixture.send(batch(calls))
        #expect(response.text.components(of: #""TOO_LARGE""#) == 8)
        #expect(response.body.count < 6000)
        for index in 0..<10 { #expect(response.text.components(of: "call \(index)") == 1) }
    }

    @Test func `the deadline ends every call of a batch`() async {
        let calls = [
            Fixture.call("test.hang", id: "1"), Fixture.call("test.echo", id: "2"),
            Fixture.call("test.hang", id: "3"),
        ]
        let exchange = fixture.start(batch(calls), headers: ["grpc-timeout": "50m"])
        while fixture.handler.callsInFlight != 2 { await Task.yield() }
        fixture.time.advance(by: .milliseconds(50))
        let response = await exchange.response()
        #expect(response.text.components(of: "DEADLINE_EXCEEDED") >= 2)
        #expect(response.text.contains(#"{"jsonrpc":"2.0","id":2,"result":{}}"#))
    }
}

extension String {
    /// How often `text` stands in this one.
    func components(of text: String) -> Int {
        var count = 0
        var rest = self[...]
        while let range = rest.firstRange(of: text) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
