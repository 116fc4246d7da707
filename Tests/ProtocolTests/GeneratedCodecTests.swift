// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TellerProtocol
import TestSupport
import Testing

/// The codecs the generator wrote, on the golden examples and on what is close to them.
@Suite struct GeneratedCodecTests {
    private func error(_ body: () throws -> Void) -> JSONError? {
        do {
            try body()
            return nil
        } catch {
            return error as? JSONError
        }
    }

    private func codecs(_ example: GoldenExample) throws -> MethodCodecs {
        try #require(MethodCodecs.all[example.method], "\(example)")
    }

    private func params(_ example: GoldenExample) -> JSONValue {
        example.request["params"] ?? .object([])
    }

    @Test func `there are golden examples for every method`() {
        #expect(Set(GoldenExample.all.map(\.method)) == Set(MethodCodecs.all.keys))
    }

    @Test(arguments: GoldenExample.all) func `a golden example comes back unchanged`(
        example: GoldenExample
    ) throws {
        let codecs = try codecs(example)
        func check(_ codec: MethodCodecs.Codec, _ value: JSONValue) throws {
            #expect(try JSONValue.parse(codec(value.jsonBytes)).sorted == value.sorted)
        }
        try check(codecs.params, params(example))
        for event in example.events {
            try check(try #require(codecs.event), try #require(event["params"]))
        }
        if let result = example.response["result"] {
            try check(codecs.result, result)
        } else {
            try check(
                { try RPCError(jsonBytes: $0).jsonBytes }, try #require(example.response["error"]))
        }
    }

    @Test(arguments: GoldenExample.all) func `params refuse what they don't know, results don't`(
        example: GoldenExample
    ) throws {
        let codecs = try codecs(example)
        let surprise = JSONValue.Member("surprise", .array([.object([]), .null]))
        let refusal = error { _ = try codecs.params(params(example).adding(surprise).jsonBytes) }
        #expect(refusal?.code == .unknownMember)
        // Of those in every object the first one.
        #expect(refusal?.path.split(separator: ".").last == "surprise")
        for (path, changed) in params(example).changingEachMember({ $0.adding(surprise) })
        where changed != params(example) {
            let refusal = error { _ = try codecs.params(changed.jsonBytes) }
            #expect(refusal?.code == .unknownMember)
            #expect(refusal?.path.hasPrefix("\(path).") == true)
        }
        if let result = example.response["result"] {
            let bytes = try codecs.result(result.adding(surprise).jsonBytes)
            #expect(try JSONValue.parse(bytes).sorted == result.sorted)
        }
    }

    /// Required members are missed by name, and the others may be absent.
    @Test(arguments: GoldenExample.all) func `a missing member is named by its path`(
        example: GoldenExample
    ) throws {
        let codecs = try codecs(example)
        for (codec, value) in [
            (codecs.params, params(example)),
            (codecs.result, example.response["result"] ?? .object([])),
        ] where value.members?.isEmpty == false {
            for (path, changed) in value.changingEachMember({ _ in nil }) {
                guard let refusal = error({ _ = try codec(changed.jsonBytes) }) else { continue }
                #expect(refusal.code == .missingMember)
                #expect(refusal.path == path)
            }
        }
    }

    @Test(arguments: GoldenExample.all) func `a value of another type is refused with its path`(
        example: GoldenExample
    ) throws {
        let codecs = try codecs(example)
        let others: [JSONValue] = [
            .null, .bool(true), .number("1.5"), .number("1e3"), .string("\n"), .string(""),
            .array([]), .object([.init("x", .null)]),
        ]
        for (codec, value) in [
            (codecs.params, params(example)),
            (codecs.result, example.response["result"] ?? .object([])),
        ] {
            for other in others {
                for (path, changed) in value.changingEachMember({ _ in other }) {
                    do {
                        let bytes = try codec(changed.jsonBytes)
                        // Taken: then it was a value of this type after all.
                        #expect(try JSONValue.parse(bytes).sorted == changed.sorted, "\(path)")
                    } catch let refusal as JSONError {
                        #expect(refusal.path.hasPrefix(path), "\(path): \(refusal)")
                    }
                }
            }
        }
    }

    @Test func `every amount that is no whole number of nanotons is refused`() {
        for amount in [
            "\"1.5\"", "1e3", "1000", "\"-1\"", "\"18446744073709551616\"", "\"\"", "\" 1\"",
            "\"01\"", "\"+1\"", "\"1e3\"", "\"0x10\"", "null", "\"9223372036854775808\"",
            "[\"1\"]", "\"\u{0661}\"",
        ] {
            let refusal = error {
                _ = try WithdrawQuoteParams(
                    jsonBytes: Array(#"{"amount":\#(amount),"destination":"x"}"#.utf8))
            }
            #expect(refusal?.code == .invalidValue, "\(amount)")
            #expect(refusal?.path == "amount", "\(amount)")
        }
    }

    @Test func `limits hold to the last unit`() throws {
        func create(comment: String) throws {
            let params = WithdrawCreateParams(
                accountId: try #require(AccountID("a")), amount: .zero, destination: "d",
                comment: comment)
            _ = try WithdrawCreateParams(jsonBytes: params.jsonBytes)
        }
        try create(comment: String(repeating: "é", count: 500))
        try create(comment: String(repeating: "😀", count: 500))
        #expect(
            error { try create(comment: String(repeating: "a", count: 501)) }?.path == "comment")
        #expect(error { try create(comment: "") }?.path == "comment")
        #expect(error { try create(comment: "a\u{0}") }?.path == "comment")

        func list(limit: String) throws {
            _ = try WithdrawListParams(
                jsonBytes: Array(#"{"accountId":"a","limit":\#(limit)}"#.utf8))
        }
        for limit in ["1", "50", "200"] { try list(limit: limit) }
        for limit in ["0", "201", "-1", "1.0", "1e1", "\"1\"", "99999999999999999999", "null"] {
            #expect(error { try list(limit: limit) }?.path == "limit", "\(limit)")
        }
    }

    @Test func `a param given twice is refused`() {
        let text = #"{"accountId":"a","accountId":"b"}"#
        let refusal = error { _ = try AccountGetParams(jsonBytes: Array(text.utf8)) }
        #expect(refusal?.code == .duplicateKey)
        #expect(refusal?.path == "accountId")
    }

    @Test(arguments: GoldenExample.all) func `damaged params never crash a codec`(
        example: GoldenExample
    ) throws {
        let codecs = try codecs(example)
        let seed = UInt64.random(in: 0...UInt64.max)
        print("damaged params of \(example): seed \(seed)")
        var random = SeededRandom(seed: seed)
        let bytes = params(example).jsonBytes
        for _ in 0..<2000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                guard let index = damaged.indices.randomElement(using: &random) else { break }
                switch Int.random(in: 0...2, using: &random) {
                case 0: damaged.remove(at: index)
                case 1: damaged.insert(UInt8.random(in: 0...255, using: &random), at: index)
                default: damaged[index] = UInt8.random(in: 0...255, using: &random)
                }
            }
            guard let taken = try? codecs.params(damaged) else { continue }
            #expect(try codecs.params(taken) == taken, "seed \(seed)")
        }
    }
}

/// `error` as JSON-RPC servers send it.
@Suite struct RPCErrorJSONTests {
    @Test func `everything an error says comes back`() throws {
        let error = RPCError(
            reason: .inProgress, message: "say \"when\"", retryAfterMilliseconds: 250,
            fields: [.init(path: "items[2].amount", problem: "is negative")],
            details: ["withdrawalId": "w", "state": "PENDING"])
        #expect(try RPCError(jsonBytes: error.jsonBytes) == error)
        for reason in ErrorReason.allCases {
            let plain = RPCError(reason: reason)
            #expect(try RPCError(jsonBytes: plain.jsonBytes) == plain)
            #expect(plain.reason == reason.rawValue)
            #expect(plain.code < 0 && !plain.message.isEmpty)
        }
    }

    @Test func `codes are one to a reason and within the ranges of the specification`() {
        let codes = ErrorReason.allCases.map(\.code)
        #expect(Set(codes).count == codes.count)
        #expect(
            codes.allSatisfy {
                (-32099 ... -32000).contains($0) || (-32603 ... -32600).contains($0) || $0 == -32700
            })
    }

    @Test func `an error of a foreign server is read without its data`() throws {
        let bare = try RPCError(jsonBytes: Array(#"{"code":-1,"message":"no"}"#.utf8))
        #expect(bare.status == .unknown && !bare.retryable && bare.reason.isEmpty)
        let odd = try RPCError(
            jsonBytes: Array(#"{"data":"x","message":"no","code":-1,"more":[1]}"#.utf8))
        #expect(odd == bare)
        for text in [#"{"message":"no"}"#, #"{"code":"1"}"#, #"{"code":1.5}"#, "[]", "null"] {
            #expect(throws: JSONError.self, "\(text)") {
                try RPCError(jsonBytes: Array(text.utf8))
            }
        }
    }
}
