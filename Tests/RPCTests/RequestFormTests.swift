// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Testing

@testable import RPC

/// What a request must look like before its body is read.
@Suite struct RequestFormTests {
    let fixture = Fixture()
    private let echo = #"{"jsonrpc":"2.0","id":1,"result":{}}"#

    @Test(arguments: [
        "application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8",
        "Application/JSON", "application/json ; charset=\"utf-8\"",
        "application/x-www-form-urlencoded",
    ]) func `JSON and what curl says of it are accepted`(type: String) async {
        let response = await fixture.send(
            Fixture.call("test.echo"), headers: ["content-type": type])
        #expect(response.status == 200)
        #expect(response.text == echo)
    }

    @Test func `a body without a type is read as JSON`() async {
        #expect(await fixture.send(Fixture.call("test.echo")).text == echo)
    }

    @Test(arguments: [
        "text/plain", "application/xml", "application/json; charset=latin1", "application/json2",
        "multipart/form-data; boundary=x", "application/json, text/plain",
    ]) func `other types are refused with 415`(type: String) async {
        let response = await fixture.send(
            Fixture.call("test.echo"), headers: ["content-type": type])
        #expect(response.status == 415)
        #expect(response.text.hasPrefix(#"{"jsonrpc":"2.0","id":null,"error":{"#))
    }

    @Test func `an encoded body is refused with 415`() async {
        let refused = await fixture.send(
            Fixture.call("test.echo"), headers: ["content-encoding": "gzip"])
        #expect(refused.status == 415)
        let plain = await fixture.send(
            Fixture.call("test.echo"), headers: ["content-encoding": "identity"])
        #expect(plain.text == echo)
    }

    @Test(arguments: [HTTPMethod.get, .head, .other("PUT"), .other("OPTIONS"), .other("post")])
    func `another method on the RPC path is refused with 405`(method: HTTPMethod) async {
        let response = await fixture.send(fixture.request("", method: method))
        #expect(response.status == 405)
        #expect(response.headers["allow"] == "POST")
        #expect(method == .head ? response.body.isEmpty : response.text.contains(#""error""#))
    }

    @Test(arguments: ["/", "/rpc/", "/RPC", "/rpc2", "", "*", "/../rpc", "/livez/"])
    func `another path is refused with 404`(path: String) async {
        let response = await fixture.send(fixture.request("{}", path: path))
        #expect(response.status == 404)
        #expect(response.headers["content-type"] == "application/json")
        #expect(response.text.contains(#""error""#))
    }

    @Test func `a body at the limit is read and one beyond it refused with 413`() async {
        var limits = RPCLimits()
        limits.bodyBytesMax = 200
        let fixture = Fixture(limits: limits)
        let call = Fixture.call("test.echo")
        let atLimit = call + String(repeating: " ", count: 200 - call.utf8.count)
        #expect(await fixture.send(atLimit).text == echo)
        let response = await fixture.send(atLimit + " ")
        #expect(response.status == 413)
        #expect(response.text.contains(#""TOO_LARGE""#))
    }

    @Test(arguments: [
        (400, "INVALID_REQUEST"), (408, "DEADLINE_EXCEEDED"), (413, "TOO_LARGE"),
        (431, "TOO_LARGE"), (501, "INVALID_REQUEST"), (503, "OVERLOADED"),
    ])
    func `what the transport refuses has a JSON-RPC body too`(status: Int, reason: String) {
        let response = fixture.handler.refusal(status)
        #expect(response.status == status)
        #expect(response.headers["content-type"] == "application/json")
        #expect(response.headers.contains("x-request-id"))
        #expect(response.headers.contains("retry-after") == (status == 503))
        let text = String(decoding: response.body, as: UTF8.self)
        #expect(text.hasPrefix(#"{"jsonrpc":"2.0","id":null,"error":{"#))
        #expect(text.contains(#""reason":"\#(reason)""#))
    }

    @Test func `probes say only the status`() async {
        for path in ["/livez", "/readyz"] {
            let response = await fixture.send(
                fixture.request("", method: .get, path: path, headers: [:]))
            #expect(response.status == 200)
            #expect(response.text == "ok\n")
        }
        fixture.health.block(.storeUnavailable)
        let live = await fixture.send(fixture.request("", method: .get, path: "/livez"))
        #expect(live.status == 200)
        let ready = await fixture.send(fixture.request("", method: .get, path: "/readyz"))
        #expect(ready.status == 503)
        #expect(ready.text == "not ready\n")
        let head = await fixture.send(fixture.request("", method: .head, path: "/readyz"))
        #expect(head.status == 503)
        #expect(head.body.isEmpty)
        fixture.health.unblock(.storeUnavailable)
        let again = await fixture.send(fixture.request("", method: .get, path: "/readyz"))
        #expect(again.status == 200)
    }

    @Test func `probes take no other method`() async {
        let response = await fixture.send(fixture.request("", path: "/livez"))
        #expect(response.status == 405)
        #expect(response.headers["allow"] == "GET, HEAD")
    }
}
