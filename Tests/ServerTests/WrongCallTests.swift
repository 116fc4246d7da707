// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerProtocol
import TestSupport
import Testing

/// Addresses, amounts and HTTP methods that are wrong, at the real program.
@Suite struct WrongCallTests {
    private static let info = #"{"jsonrpc":"2.0","id":1,"method":"service.info"}"#

    private func call(_ id: Int, amount: JSONValue, destination: String) -> JSONValue {
        .object([
            .init("jsonrpc", .string("2.0")), .init("id", .string("\(id)")),
            .init("method", .string("withdraw.create")),
            .init(
                "params",
                .object([
                    .init("accountId", .string("alice")), .init("amount", amount),
                    .init("destination", .string(destination)),
                ])),
        ])
    }

    /// What the server says to a withdrawal to each of `destinations`, in order.
    private func reasons(_ destinations: [String], at server: TellerProcess) throws -> [String] {
        var reasons: [String] = []
        for start in stride(from: 0, to: destinations.count, by: 100) {
            let part = destinations[start..<min(start + 100, destinations.count)]
            let calls = part.map {
                call(start, amount: .string("1000000000"), destination: $0).prettyText()
            }
            let answer = try server.post("[\(calls.joined(separator: ","))]")
            #expect(answer.status == 200)
            let answers = try JSONValue.parse(Array(answer.body.utf8)).elements ?? []
            #expect(answers.count == part.count)
            reasons += answers.map { $0["error"]?["data"]?["reason"]?.string ?? "\($0)" }
        }
        return reasons
    }

    // MARK: Addresses

    @Test func `a mistyped character of an address is always caught`() throws {
        let server = try TellerProcess()
        #expect(try reasons([Sample.destination], at: server) == ["ACCOUNT_NOT_FOUND"])
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/"
        var mistyped: [String] = []
        for index in Sample.destination.indices {
            let right = Sample.destination[index]
            for wrong in alphabet + "= .é\u{7F}\n" where wrong != right {
                // The only one of the second alphabet: with it the same bytes are written in the
                // first one.
                if right == "-", wrong == "+" { continue }
                var text = Sample.destination
                text.replaceSubrange(index...index, with: [wrong])
                mistyped.append(text)
            }
        }
        #expect(mistyped.count == 48 * 71 - 1)
        for (text, reason) in zip(mistyped, try reasons(mistyped, at: server)) {
            #expect(reason == "INVALID_DESTINATION", "\(text)")
        }
    }

    @Test func `a wrong length, workchain, tag or form of an address is refused`() throws {
        let server = try TellerProcess()
        let hash = String(repeating: "a5", count: 32)
        let good = [friendly(tag: 0x11), friendly(tag: 0x51), "0:\(hash)", "-1:\(hash)"]
        for reason in try reasons(good, at: server) { #expect(reason == "ACCOUNT_NOT_FOUND") }
        let destination = Sample.destination
        var wrong: [String] = [
            " ", String(destination.dropLast()), String(destination.dropFirst()),
            "\(destination)A", "\(destination)=", "\(destination) ", " \(destination)",
            "\(destination)\(destination)", String(repeating: "A", count: 100),
            "\(destination.prefix(20))\(destination.dropFirst(21))",
        ]
        for workchain: UInt8 in [1, 2, 0x7F, 0x80, 0xFE] {
            wrong.append(friendly(workchain: workchain))
        }
        // The last two are for test networks only, which this server is not on.
        for tag: UInt8 in [0, 1, 0x10, 0x12, 0x50, 0x52, 0x31, 0xFF, 0x91, 0xD1] {
            wrong.append(friendly(tag: tag))
        }
        wrong += [
            "1:\(hash)", "-2:\(hash)", "00:\(hash)", "+0:\(hash)", "-0:\(hash)", ":\(hash)",
            "0:\(hash.dropLast())", "0:\(hash)a", "0:\(hash.dropLast())g", "0:0x\(hash)",
            "0::\(hash)", "0:", ":", "4294967296:\(hash)",
        ]
        for (text, reason) in zip(wrong, try reasons(wrong, at: server)) {
            #expect(reason == "INVALID_DESTINATION", "\(text)")
        }
        // Outside what the contract's type allows.
        let untyped = ["", String(repeating: "A", count: 101), "\(destination.dropLast())\u{0}"]
        #expect(
            try reasons(untyped, at: server) == Array(repeating: "INVALID_PARAMS", count: 3))
    }

    /// The form of TEP-2, with a checksum that fits.
    private func friendly(tag: UInt8 = 0x11, workchain: UInt8 = 0) -> String {
        var bytes = [tag, workchain] + [UInt8](repeating: 0xA5, count: 32)
        // CRC-16/XMODEM.
        var checksum: UInt16 = 0
        for byte in bytes {
            checksum ^= UInt16(byte) << 8
            for _ in 0..<8 {
                let carries = checksum & 0x8000 != 0
                checksum <<= 1
                if carries { checksum ^= 0x1021 }
            }
        }
        bytes += [UInt8(checksum >> 8), UInt8(checksum & 0xFF)]
        return Data(bytes).base64EncodedString()
    }

    // MARK: Amounts

    @Test func `an amount that is no whole number in a string is refused`() throws {
        let server = try TellerProcess()
        let amounts = [
            #""1.5""#, "1e3", #""1e3""#, #""-1""#, "-1", #""18446744073709551616""#,
            #""9223372036854775808""#, #""""#, #"" 1""#, #""1 ""#, #""01""#, #""+1""#, #""0x1""#,
            "1", "1.5", "null", "true", "[]", "{}", #"["1"]"#, #""١""#,
        ]
        for amount in amounts {
            let answer = try server.post(
                """
                {"jsonrpc":"2.0","id":"a","method":"withdraw.create","params":\
                {"accountId":"alice","amount":\(amount),"destination":"\(Sample.destination)"}}
                """)
            #expect(answer.status == 200)
            let error = try JSONValue.parse(Array(answer.body.utf8))["error"]
            #expect(error?["code"] == .number("-32602"), "\(amount): \(answer.body)")
            #expect(error?["data"]?["reason"]?.string == "INVALID_PARAMS")
            #expect(error?["data"]?["retryable"]?.bool == false)
            let paths = error?["data"]?["fields"]?.elements?.map { $0["path"]?.string }
            #expect(paths == ["amount"], "\(amount): \(answer.body)")
        }
        // A number in the right form, but not to be withdrawn.
        let least = try server.post(
            call(1, amount: .string("1"), destination: Sample.destination).prettyText())
        #expect(least.body.contains("AMOUNT_OUT_OF_RANGE"), "\(least.body)")
    }

    // MARK: HTTP methods

    @Test(arguments: ["--http1.1", "--http2"])
    func `another HTTP method gets 405 and its connection goes on`(version: String) throws {
        // With TLS, because Debian 12's curl can't use a connection without it twice for HTTP/2.
        let identity = try TestCertificates.shared.get().server
        let server = try TellerProcess(settings: [
            "tls.certificate=\(identity.certificateFile)", "tls.key=\(identity.keyFile)",
        ])
        let url = "https://127.0.0.1:\(server.port)"
        let report = [
            "-sSk", "-m", "20", version, "-o", "/dev/null", "-w",
            "%{http_version} %{http_code} %{num_connects} %header{allow}\n",
        ]
        let call = report + ["-d", Self.info, "\(url)/rpc"]
        let number = version == "--http2" ? "2" : "1.1"
        var wrong: [(options: [String], path: String, allow: String)] = [
            (["--head"], "/rpc", "POST"), (["-d", "x"], "/livez", "GET, HEAD"),
            (["-X", "POST"], "/livez", "GET, HEAD"), (["-X", "DELETE"], "/readyz", "GET, HEAD"),
        ]
        for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            wrong.append((["-X", method], "/rpc", "POST"))
            wrong.append((["-X", method, "-d", Self.info], "/rpc", "POST"))
        }
        for (options, path, allow) in wrong {
            let refused = report + options + ["\(url)\(path)"]
            let output = try TestProcess.runChecked(["curl"] + refused + ["--next"] + call)
            let lines = output.split(separator: "\n").map(String.init)
            #expect(lines.first == "\(number) 405 1 \(allow)", "\(options) \(path)")
            // On the connection that is there already.
            #expect(lines.last == "\(number) 200 0 ", "\(options) \(path)")
        }
    }
}

/// A token's time, while the server runs.
@Suite struct TokenExpiryTests {
    @Test func `a token that expires while the server runs is refused from then on`() async throws {
        let server = try TellerProcess(settings: ["access.tokens=required"])
        func make(_ name: String) throws -> [String] {
            let made = try TellerProcess.command([
                "token", "create", "--name", name, "--days", "1", "--store", server.store,
            ])
            let lines = made.output.split(separator: "\n").map(String.init)
            let token = try #require(lines.first { $0.hasPrefix("tlr_") }, "\(made.output)")
            return ["-H", "authorization: Bearer \(token)"]
        }
        let (short, long) = (try make("short"), try make("long"))
        let info = #"{"jsonrpc":"2.0","id":1,"method":"service.info"}"#
        #expect(try server.post(info, short).status == 200)
        // Tokens live for days; this one's end is put into the next second.
        let end = Int64(Date().timeIntervalSince1970 * 1000) + 1000
        try TestProcess.runChecked([
            "sqlite3", "-cmd", ".timeout 10000", String(server.store.dropFirst("sqlite:".count)),
            "UPDATE api_tokens SET expires_at = \(end) WHERE name = 'short'",
        ])
        #expect(try await eventually { try server.post(info, short).status == 401 })
        #expect(Int64(Date().timeIntervalSince1970 * 1000) >= end)
        let refused = try server.post(info, short)
        #expect(refused.status == 401)
        #expect(refused.body.contains("UNAUTHENTICATED"))
        #expect(try server.post(info, long).status == 200)
    }
}
