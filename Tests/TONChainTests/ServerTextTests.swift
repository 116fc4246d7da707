// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TellerProtocol
import TestSupport
import Testing

@testable import TONChain

/// What servers write, and how it is read.
@Suite struct ServerTextTests {
    @Test func `base64 is written as the standard has it, and read back`() {
        let pairs = [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ]
        for (plain, text) in pairs {
            #expect(ServerBase64.encode(Array(plain.utf8)) == text)
            #expect(ServerBase64.decode(text) == Array(plain.utf8))
        }
        var random = SeededRandom(seed: 7)
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            #expect(ServerBase64.decode(ServerBase64.encode(bytes)) == bytes)
        }
    }

    @Test func `both alphabets, line breaks and missing padding are read`() {
        let bytes: [UInt8] = [0xFB, 0xEF, 0xBE, 0xFF]
        for text in ["++++/w==", "----_w==", "----_w", "+++\n+/w==\r\n", "++++/w=="] {
            #expect(ServerBase64.decode(text) == bytes, "\(text)")
        }
    }

    @Test(arguments: ["A", "AAAAA", "Zh==", "Zg=", "Zg===", "Z=g=", "Zg==Zg", "Z g", "Zm9*", "=="])
    func `what is no base64 is refused`(text: String) {
        #expect(ServerBase64.decode(text) == nil)
    }

    private static let prefix =
        "LITE_SERVER_UNKNOWN: cannot apply external message to current state : "
    private static let ran =
        prefix + "External message was not accepted\nCannot run message on account: inbound "
        + "external message rejected by transaction AB12:\n"

    @Test(
        arguments: [
            (ran + "exitcode=33, steps=22, gas_used=0\nVM Log (truncated):\n…", 33),
            (ran + "exitcode=-14, steps=1, gas_used=0", -14),
            (prefix + "Failed to unpack account state", nil),
            (prefix + "failed to parse external message external message is not a valid bag", nil),
            (
                prefix
                    + "External message was not accepted: cannot run message on account: inbound "
                    + "external message rejected by account AB before smart-contract execution", nil
            ),
        ] as [(String, Int?)])
    func `a refused message is known by its text`(text: String, exitCode: Int?) throws {
        let refusal = try #require(SendRefusal(text))
        #expect(refusal.exitCode == exitCode)
        let body = JSONValue.object([.init("ok", .bool(false)), .init("error", .string(text))])
        for (http, endpoint) in [
            (500, ToncenterEndpoints.send), (542, ToncenterEndpoints.send),
            (200, ToncenterEndpoints.sendReturningHash),
        ] {
            #expect(ToncenterAnswer.status(of: endpoint, http, body) == 422)
        }
        // Elsewhere the words mean nothing.
        #expect(ToncenterAnswer.status(of: ToncenterEndpoints.getMethod, 500, body) == 500)
    }

    @Test(arguments: [
        "LITE_SERVER_NETWORK: timeout", prefix + "cannot fetch shard state", "", "exitcode=33",
    ])
    func `a failure of the server is none of the message`(text: String) {
        #expect(SendRefusal(text) == nil)
        let body = JSONValue.object([.init("ok", .bool(false)), .init("error", .string(text))])
        #expect(ToncenterAnswer.status(of: ToncenterEndpoints.send, 500, body) == 500)
    }

    @Test(
        arguments: [
            (#"{"ok":true,"result":{"ok":false}}"#, 200, 200),
            (#"{"ok":false,"error":"x","code":504}"#, 200, 504),
            (#"{"ok":false,"error":"x","code":"504"}"#, 200, 504),
            (#"{"ok":false,"error":"x","code":7}"#, 200, 500),
            (#"{"ok":false,"error":"x"}"#, 200, 500),
            (#"{"ok":false,"error":"x","code":500}"#, 542, 542),
            (#"{"ok":false,"result":"Ratelimit exceed","code":429}"#, 429, 429),
            (#"{"ok":false,"result":"Ratelimit exceed"}"#, 200, 429),
            (#"{"ok":false,"error":"no key","code":401}"#, 401, 401),
            (
                #"{"ok":false,"error":"LITE_SERVER_NOTREADY: lt not in db","code":500}"#, 500, 410
            ),
            (#"{"ok":false,"error":"Method not found","code":500}"#, 500, 404),
            (#"{"code":422,"error":"bad hash"}"#, 422, 422),
            (#"{"transactions":[],"address_book":{}}"#, 200, 200),
        ])
    func `an answer is judged by what it says`(json: String, http: Int, status: Int) throws {
        let body = try JSONValue.parse(Array(json.utf8))
        #expect(ToncenterAnswer.status(of: ToncenterEndpoints.transactions, http, body) == status)
    }
}
