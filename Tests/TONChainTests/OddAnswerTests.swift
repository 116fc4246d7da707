// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import TONChain
import TestSupport
import Testing
import Upstream

/// What servers answer that the sandbox doesn't: both implementations' ways, and the edge's.
@Suite(.serialized) struct OddAnswerTests {
    private static let hash = "ERERERERERERERERERERERERERERERERERERERERERE="
    private static let hashBytes = [UInt8](repeating: 0x11, count: 32)

    private func ask<Value>(
        _ answers: [Step]..., attemptsMax: Int = 1, callsPerSecond: Int? = 1_000,
        _ call: (ToncenterClient) async throws -> Value
    ) async throws -> (value: Value, classes: [CallClass], requests: [SeenRequest]) {
        try await ScriptedServer.with({ _, number in answers[min(number, answers.count) - 1] }) {
            server in
            var result: (Value, [CallClass], [SeenRequest])?
            try await ChainBench.with { bench in
                let client = try bench.client(
                    port: server.port, callsPerSecond: callsPerSecond, attemptsMax: attemptsMax)
                let value = try await call(client)
                result = (value, bench.classes, server.requests)
            }
            return try #require(result)
        }
    }

    private static func state(
        balance: String = "\"5\"", lt: String = "\"7\"", hash: String = hash,
        code: String = "\"\"", name: String = "active", time: String = "1800000009",
        seqno: String = "12"
    ) -> [Step] {
        Step.answer(
            200,
            """
            {"ok":true,"@extra":"1","result":{"@type":"raw.fullAccountState","balance":\(balance),
            "code":\(code),"data":"te6c\\ncg==\\n","new":[1],
            "last_transaction_id":{"lt":\(lt),"hash":"\(hash)"},
            "block_id":{"workchain":-1,"seqno":\(seqno)},"sync_utime":\(time),"state":"\(name)"}}
            """)
    }

    @Test func `numbers are read as numbers and as strings, base64 with line breaks`() async throws
    {
        let answers = [
            Self.state(),
            Self.state(balance: "5", lt: "7", time: "\"1800000009\"", seqno: "\"12\""),
            Self.state(hash: Self.hash.replacing("=", with: "")),
        ]
        for answer in answers {
            let (state, _, requests) = try await ask(answer) {
                try await $0.accountState(of: Wallet.address)
            }
            #expect(state.balance.rawValue == 5 && state.status == .active)
            #expect(state.code == nil && state.data == [0xB5, 0xEE, 0x9C, 0x72])
            #expect(state.lastTransaction == TransactionReference(lt: 7, hash: Self.hashBytes))
            #expect(state.block == ChainBlock(seqno: 12, time: 1_800_000_009))
            let address = Wallet.rawAddress.replacing(":", with: "%3A")
            #expect(
                requests.map(\.target) == ["/api/v2/getAddressInformation?address=\(address)"])
        }
    }

    @Test func `an account without transactions has none, whatever stands for its hash`()
        async throws
    {
        let (state, _, _) = try await ask(
            Self.state(balance: "0", lt: "\"0\"", hash: "", code: "null", name: "uninit")
        ) { try await $0.accountState(of: Wallet.address) }
        #expect(state.lastTransaction == nil && state.status == .uninitialized)
    }

    @Test(arguments: [
        (Self.state(balance: "-1"), "result.balance is not an amount"),
        (Self.state(balance: "5.5"), "result.balance is not a whole number"),
        (Self.state(balance: "\"9223372036854775808\""), "result.balance is not a whole number"),
        (Self.state(lt: "true"), "result.last_transaction_id.lt is not a whole number"),
        (Self.state(hash: "AAAA"), "result.last_transaction_id.hash is not a hash of 32 bytes"),
        (Self.state(code: "\"*\""), "result.code is not base64"),
        (Self.state(name: "melted"), "result.state is no state of an account"),
        (Step.answer(200, #"{"ok":true}"#), "result is missing"),
        (Step.answer(200, "<html>busy</html>"), "the answer is not JSON"),
        (Step.answer(502, "<html>busy</html>"), "failed inside"),
        (Step.answer(542, #"{"ok":false,"error":"LITE_SERVER: x","code":542}"#), "failed inside"),
        (Step.answer(200, #"{"ok":false,"error":"x","code":503}"#), "failed inside"),
    ])
    func `what can't be used is unavailable, and says why`(
        steps: [Step], problem: String
    ) async throws {
        let (error, _, _) = try await ask(steps) { client in
            await #expect(throws: ChainError.self) {
                try await client.accountState(of: Wallet.address)
            }
        }
        guard case .unavailable(let cause)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(cause.problem.contains(problem), "\(cause.problem)")
        #expect(error?.description.hasPrefix("toncenter: toncenter.getAddressInformation") == true)
    }

    @Test func `failures of all kinds are retried, also those told with 200, and garbage`()
        async throws
    {
        let (state, classes, _) = try await ask(
            Step.answer(502, "<html>"), Step.answer(200, "<html>"),
            Step.answer(200, #"{"ok":false,"error":"x","code":504}"#), Self.state(), attemptsMax: 4
        ) { try await $0.accountState(of: Wallet.address) }
        #expect(classes == [.server, .protocol, .server, .succeeded])
        #expect(state.balance.rawValue == 5)
    }

    @Test func `a 429 waits for its turn, or as long as the server says`() async throws {
        let limit = #"{"ok":false,"result":"Ratelimit exceed","code":429}"#
        for (answer, least) in [
            (Step.answer(429, limit), Duration.milliseconds(990)),
            (Step.answer(200, limit), .milliseconds(990)),
            (Step.answer(429, limit, headers: ["retry-after": "2"]), .milliseconds(1_990)),
        ] {
            let start = ContinuousClock.now
            let (_, classes, _) = try await ask(answer, Self.state(), attemptsMax: 2) {
                try await $0.accountState(of: Wallet.address)
            }
            #expect(classes == [.tooManyRequests, .succeeded])
            #expect(ContinuousClock.now - start >= least)
        }
    }

    @Test func `a server without sendBocReturnHash is sent to all the same`() async throws {
        let ok = Step.answer(200, #"{"ok":true,"result":{"@type":"ok"}}"#)
        for missing in [
            Step.answer(404, "Not Found"), Step.answer(405, "{}"),
            Step.answer(200, #"{"ok":false,"error":"Method not found","code":404}"#),
        ] {
            let (result, _, requests) = try await ask(missing, ok) { await $0.send([1, 2, 3]) }
            #expect(result == .accepted(normalizedHash: nil))
            #expect(requests.map(\.target) == ["/api/v2/sendBocReturnHash", "/api/v2/sendBoc"])
            #expect(requests.map(\.body) == [#"{"boc":"AQID"}"#, #"{"boc":"AQID"}"#])
        }
    }

    @Test func `a refused message is no failure, is sent once, and names its exit code`()
        async throws
    {
        let text =
            "LITE_SERVER_UNKNOWN: cannot apply external message to current state : External message"
            + #" was not accepted\nCannot run message on account: inbound external message rejected"#
            + #" by transaction AB:\nexitcode=133, steps=22, gas_used=0"#
        for status in [200, 500, 542] {
            let (result, classes, requests) = try await ask(
                Step.answer(status, #"{"ok":false,"error":"\#(text)","code":500}"#), attemptsMax: 3
            ) { await $0.send([1]) }
            #expect(
                result == .refused(exitCode: 133, reason: "the contract did not accept it"))
            #expect(classes == [.succeeded] && requests.count == 1)
        }
    }

    @Test func `the server's other failures leave a message's fate open`() async throws {
        let (result, classes, _) = try await ask(
            Step.answer(500, #"{"ok":false,"error":"LITE_SERVER_NETWORK","code":500}"#),
            attemptsMax: 3
        ) { await $0.send([1]) }
        guard case .unknown(.unavailable(let error)) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(error.mayHaveBeenProcessed && classes == [.server, .server, .server])
    }

    @Test func `a page longer than asked for, or with a row that lacks its bytes, is refused`()
        async throws
    {
        let row =
            #"{"utime":"9","data":"te6ccg==","transaction_id":{"lt":7,"hash":"\#(Self.hash)"}}"#
        let bare = #"{"utime":9,"data":"","transaction_id":{"lt":7,"hash":"\#(Self.hash)"}}"#
        let (rows, _, _) = try await ask(Step.answer(200, #"{"ok":true,"result":[\#(row)]}"#)) {
            try await $0.transactions(of: Wallet.address)
        }
        #expect(rows.map(\.time) == [9] && rows[0].boc == [0xB5, 0xEE, 0x9C, 0x72])
        for result in ["[\(row),\(row)]", "[\(bare)]"] {
            _ = try await ask(Step.answer(200, #"{"ok":true,"result":\#(result)}"#)) { client in
                await #expect(throws: ChainError.self) {
                    try await client.transactions(of: Wallet.address, rowsMax: 1)
                }
            }
        }
    }

    @Test func `a get-method's numbers are read in every way they are written`() async throws {
        let body = """
            {"ok":true,"result":{"gas_used":769,"exit_code":"0","stack":[["num","0x1F"],
            ["num","-0x1"],["num","31"],["num",-31],["cell",{"bytes":"te6ccg==","object":{}}],
            ["tuple",{"elements":[]}]]}}
            """
        let (result, _, requests) = try await ask(Step.answer(200, body)) {
            try await $0.runGetMethod(
                "processed?", of: Wallet.address, arguments: [.number("0x5"), .number("-0x1")])
        }
        #expect(result.isSuccess)
        #expect(
            result.stack == [
                .number("0x1f"), .number("-0x1"), .number("0x1f"), .number("-0x1f"),
                .cell([0xB5, 0xEE, 0x9C, 0x72]), .other("tuple"),
            ])
        let sent = "{\"address\":\"\(Wallet.rawAddress)\",\"method\":\"processed?\",\"stack\":"
        #expect(requests.map(\.body) == [sent + #"[["num","0x5"],["num","-0x1"]]}"#])
    }
}
