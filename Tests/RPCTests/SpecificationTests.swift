// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Testing

@testable import RPC

/// JSON-RPC 2.0, the examples of section 7 and the rules behind them.
@Suite struct SpecificationTests {
    let fixture = Fixture()

    private func error(_ code: Int, id: String = "null") -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"error":{"code":\#(code),"#
    }

    @Test func `a call by name is answered with its result and id`() async {
        let response = await fixture.send(
            #"{"jsonrpc": "2.0", "method": "test.echo", "params": {"count": 23}, "id": 3}"#)
        #expect(response.status == 200)
        #expect(response.headers["content-type"] == "application/json")
        #expect(response.text == #"{"jsonrpc":"2.0","id":3,"result":{"count":23}}"#)
    }

    @Test func `members may come in any order and with white space`() async {
        let response = await fixture.send(
            "\n{ \"params\" : {\"text\":\"a\"} ,\t\"id\":\"x\" , \"method\":\"test.echo\","
                + "\"jsonrpc\":\"2.0\" }\r\n")
        #expect(response.text == #"{"jsonrpc":"2.0","id":"x","result":{"text":"a"}}"#)
    }

    @Test(arguments: [
        "1", "0", "-1", "1.5", "1e400", "-0", "12345678901234567890123456789012345678901234567890",
        "null", #""""#, #""a b""#, #""\u0041\n\"""#, #""é😀""#,
    ]) func `an id is echoed exactly`(id: String) async {
        let response = await fixture.send(Fixture.call("test.echo", id: id))
        #expect(response.text == #"{"jsonrpc":"2.0","id":\#(id),"result":{}}"#)
    }

    @Test(arguments: ["{}", "[]", "[1]", "true", "false"])
    func `an id of another kind is refused and not echoed`(id: String) async {
        let response = await fixture.send(Fixture.call("test.echo", id: id))
        #expect(response.status == 200)
        #expect(response.text.hasPrefix(error(-32600)))
    }

    @Test func `an id beyond the limit is refused`() async {
        let id = "\"" + String(repeating: "a", count: 255) + "\""
        let response = await fixture.send(Fixture.call("test.echo", id: id))
        #expect(response.text.hasPrefix(error(-32600)))
    }

    @Test func `a notification is executed and not answered`() async {
        let response = await fixture.send(
            #"{"jsonrpc": "2.0", "method": "test.echo", "params": {}}"#)
        #expect(response.status == 204)
        #expect(response.body.isEmpty)
        #expect(response.headers.contains("x-request-id"))
        #expect(fixture.methods.executed.count.load(ordering: .relaxed) == 1)
    }

    @Test(arguments: [
        #"{"jsonrpc":"2.0","method":"foobar"}"#, #"{"jsonrpc":"2.0","method":"test.fail"}"#,
        #"{"jsonrpc":"2.0","method":"test.echo","params":[1,2]}"#,
        #"{"jsonrpc":"2.0","method":"test.watch"}"#,
    ]) func `a notification that fails is not answered`(body: String) async {
        let response = await fixture.send(body)
        #expect(response.status == 204)
        #expect(response.body.isEmpty)
    }

    @Test func `a call of an unknown method`() async {
        let response = await fixture.send(#"{"jsonrpc": "2.0", "method": "foobar", "id": "1"}"#)
        #expect(response.status == 200)
        #expect(response.text.hasPrefix(error(-32601, id: "\"1\"")))
        #expect(response.text.contains(#""reason":"METHOD_NOT_FOUND""#))
    }

    @Test(arguments: [
        #"{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]"#, "", " ", "{", "[", "nul",
        #"{"jsonrpc":"2.0","method":"test.echo","id":1} x"#, "\u{FEFF}{}", "{'a':1}",
        #"{"jsonrpc":"2.0","jsonrpc":"2.0","method":"test.echo","id":1}"#,
        #"[{"jsonrpc": "2.0", "method": "sum", "id": "1"},{"jsonrpc": "2.0", "method"]"#,
    ]) func `invalid JSON is a parse error without an id`(body: String) async {
        let response = await fixture.send(body)
        #expect(response.status == 200)
        #expect(response.text.hasPrefix(error(-32700)))
        #expect(response.text.contains(#""reason":"PARSE_ERROR""#))
    }

    @Test func `nesting beyond the limit is refused`() async {
        let depth = 100_000
        let bomb = String(repeating: "[", count: depth)
        for body in [bomb, bomb + String(repeating: "]", count: depth)] {
            let response = await fixture.send(body)
            #expect(response.text.hasPrefix(error(-32700)))
        }
        let inParams = Fixture.call("test.echo", "{\"a\":" + bomb)
        #expect(await fixture.send(inParams).text.hasPrefix(error(-32700)))
    }

    @Test(arguments: [
        #"{"jsonrpc": "2.0", "method": 1, "params": "bar"}"#, #"{"foo": "boo"}"#, "{}", "1", "true",
        "null", "\"call\"", #"{"jsonrpc":"1.0","method":"test.echo"}"#,
        #"{"jsonrpc":2.0,"method":"test.echo"}"#, #"{"method":"test.echo"}"#, #"{"jsonrpc":"2.0"}"#,
        #"{"jsonrpc":"2.0","method":null}"#, #"{"jsonrpc":"2.0","method":["test.echo"]}"#,
    ]) func `JSON that is no call is an invalid request`(body: String) async {
        let response = await fixture.send(body)
        #expect(response.status == 200)
        #expect(response.text.hasPrefix(error(-32600)))
    }

    @Test func `an invalid request with a usable id is answered with it`() async {
        let response = await fixture.send(#"{"jsonrpc":"1.0","method":"test.echo","id":7}"#)
        #expect(response.text.hasPrefix(error(-32600, id: "7")))
    }

    @Test(arguments: ["\"bar\"", "1", "null", "true"]) func `params must be structured`(
        params: String
    ) async {
        let response = await fixture.send(Fixture.call("test.echo", params))
        #expect(response.text.hasPrefix(error(-32600, id: "1")))
    }

    @Test func `params by position are refused unless there are none`() async {
        let refused = await fixture.send(Fixture.call("test.echo", "[1]"))
        #expect(refused.text.hasPrefix(error(-32602, id: "1")))
        #expect(refused.text.contains("by name"))
        let empty = await fixture.send(Fixture.call("test.echo", "[ \n]"))
        #expect(empty.text == #"{"jsonrpc":"2.0","id":1,"result":{}}"#)
    }

    @Test func `missing params are read as an empty object`() async {
        let response = await fixture.send(#"{"jsonrpc":"2.0","method":"test.echo","id":1}"#)
        #expect(response.text == #"{"jsonrpc":"2.0","id":1,"result":{}}"#)
    }

    @Test func `params of the wrong type are invalid params`() async {
        let response = await fixture.send(Fixture.call("test.echo", #"{"count":"1"}"#))
        #expect(response.status == 200)
        #expect(response.text.hasPrefix(error(-32602, id: "1")))
        #expect(response.text.contains(#""status":"INVALID_ARGUMENT""#))
    }

    @Test func `the text of a version and a method may be escaped`() async {
        let response = await fixture.send(
            #"{"jsonrpc":"2\u002e0","method":"test\u002eecho","id":1}"#)
        #expect(response.text == #"{"jsonrpc":"2.0","id":1,"result":{}}"#)
    }

    @Test func `a failing method is an internal error`() async {
        let response = await fixture.send(Fixture.call("test.fail"))
        #expect(response.status == 200)
        #expect(response.text.hasPrefix(error(-32603, id: "1")))
    }

    @Test func `every error names the request it answers`() async {
        let response = await fixture.send(
            Fixture.call("foobar"), headers: ["x-request-id": "caller-7"])
        #expect(response.headers["x-request-id"] == "caller-7")
        #expect(response.text.contains(#""requestId":"caller-7""#))
    }

    @Test func `discover returns the contract as it was written`() async {
        let response = await fixture.send(Fixture.call("rpc.discover"))
        #expect(response.text == #"{"jsonrpc":"2.0","id":1,"result":{"openrpc":"1"}}"#)
    }
}
