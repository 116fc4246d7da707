// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Telemetry
import TellerClient
import TellerProtocol
import TestSupport
import Testing

@testable import TellerServer

/// The commands as people and scripts use them.
@Suite struct CommandTests {
    private static let botTail = "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw_"

    @Test(
        arguments: [
            [], ["serve"], ["tour"], ["migrate"], ["health"], ["call"], ["account", "credit"],
            ["token", "create"], ["token", "list"], ["token", "revoke"], ["openrpc"], ["config"],
            ["markets", "operations"], ["markets", "resolve"],
            ["sales", "set-aside"], ["sales", "take-up"],
        ])
    func `every command explains itself`(command: [String]) throws {
        let outcome = try TellerProcess.command(command + ["--help"])
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("USAGE: teller"))
    }

    @Test(
        arguments: [
            (["--set", "no.such=1"], "no.such"),
            (["--set", "http.bodyBytesMax=many"], "http.bodyBytesMax"),
            (["--set", "withdraw.minimum=1.5"], "withdraw.minimum"),
            (["--set", "tls.key=x"], "tls.certificate"),
            (["--store", "mysql:x"], "store"),
            (["--listen", "0.0.0.0:0"], "TLS"),
            (["--listen", "nowhere"], "listen"),
            (["--environment", "production"], "simulator"),
            (["--config", "/no/such/file"], "/no/such/file"),
            (["--set", "alerts.telegram.token=1:\(Self.botTail)"], "needs alerts.telegram.chat"),
            (["--set", "alerts.telegram.chat=@ops"], "needs alerts.telegram.token"),
            (["--set", "alerts.webhook.token=x"], "needs alerts.webhook.url"),
            (["--set", "alerts.webhook.url=http://example.com/x"], "needs https"),
            (["--set", "alerts.webhook.url=https://u@example.com"], "must begin with https"),
            (["--set", "alerts.stuckAfter=0s"], "above 0"),
            (["--set", "alerts.messagesPerMinute=0"], "from 1 to 600"),
        ] as [([String], String)])
    func `a wrong configuration stops the start and says what is wrong`(
        arguments: [String], word: String
    ) throws {
        let outcome = try TellerProcess.command(["serve"] + arguments)
        #expect(outcome.status == 78)
        #expect(outcome.output.lowercased().contains(word.lowercased()), "\(outcome.output)")
    }

    @Test func `the hot wallet's key comes from a command that a flag names`() throws {
        let seed = String(repeating: "07", count: 32)
        func wallet(_ arguments: [String]) throws -> TestProcess.Outcome {
            try TellerProcess.command(
                ["ton", "wallet", "--set", "gateway.name=ton"] + arguments)
        }
        let named = try wallet(["--key-command", "printf \(seed)"])
        #expect(named.status == 0)
        #expect(named.output.contains("public key"))
        #expect(named.output == (try wallet(["--set", "ton.key=\(seed)"]).output))
        #expect(named.output == (try wallet(["--set", "ton.keyCommand=printf \(seed)"]).output))

        let failing = try wallet(["--key-command", "false"])
        #expect(failing.status == 78)
        let both = try wallet(["--key-command", "printf \(seed)", "--set", "ton.key=\(seed)"])
        #expect(both.status == 78)
        #expect(both.output.contains("ton.keyCommand"))
        #expect(!both.output.contains(seed))
    }

    @Test func `an endpoint gets its own key alone`() throws {
        func keys(_ endpoints: String, _ keys: String) throws -> [String?] {
            let values = try SettingValues(
                flags: [
                    ("gateway.name", "ton"), ("ton.key", String(repeating: "07", count: 32)),
                    ("ton.endpoints", endpoints), ("ton.apiKey", keys),
                ], environment: [:], file: nil)
            return try TONSettings(values, on: .mainnet).endpoints.map(\.apiKey)
        }
        #expect(try keys("https://a.example", "one") == ["one"])
        #expect(try keys("https://a.example,https://b.example", "one,two") == ["one", "two"])
        #expect(try keys("https://a.example,https://b.example", "one,") == ["one", nil])
        #expect(try keys("https://a.example,https://b.example", ",two") == [nil, "two"])
        let refusal = #expect(throws: ConfigurationError.self) {
            try keys("https://a.example,https://b.example", "top-secret")
        }
        #expect(refusal?.description.contains("one for each") == true)
        #expect(refusal?.description.contains("top-secret") == false)
    }

    @Test func `no key of paying on TON stands in a log line`() throws {
        let values = try SettingValues(
            flags: [
                ("gateway.name", "ton"), ("ton.key", "a wallet's seed"),
                ("ton.keyPassword", "a password"), ("ton.apiKey", "an API key"),
            ], environment: [:], file: nil)
        let redactor = Redactor(secrets: try ServerConfiguration(values).secrets)
        let line = redactor.redacted("a wallet's seed, a password, an API key")
        #expect(line == "[redacted], [redacted], [redacted]")
    }

    @Test func `a secret that is refused is not repeated`() throws {
        let outcome = try TellerProcess.command([
            "serve", "--set", "alerts.telegram.token=top-secret", "--set", "alerts.telegram.chat=1",
        ])
        #expect(outcome.status == 78)
        #expect(outcome.output.contains("alerts.telegram.token"))
        #expect(!outcome.output.contains("top-secret"))
    }

    @Test(arguments: [["--no-such-flag"], ["no-such-command"], ["serve", "--no-such-flag"]])
    func `a wrong flag or command ends with 64`(arguments: [String]) throws {
        #expect(try TellerProcess.command(arguments).status == 64)
    }

    @Test func `an unknown variable or key of a file is refused`() throws {
        let variable = try TellerProcess.command(["serve"], environment: ["TELLER_NO_SUCH=1"])
        #expect(variable.status == 78)
        let file = FileManager.default.temporaryDirectory.appending(
            path: "teller-\(UInt64.random(in: .min ... .max)).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        try "http:\n  bodyBytesMax: 4096\n  typo: 1\n".write(
            to: file, atomically: true, encoding: .utf8)
        let outcome = try TellerProcess.command(["serve", "--config", file.path])
        #expect(outcome.status == 78)
        #expect(outcome.output.contains("http.typo"))
    }

    @Test func `a secret is never printed`() throws {
        let secret = "hunter2"
        let outcome = try TellerProcess.command([
            "serve", "--store", "postgres://u:\(secret)@127.0.0.1:1/x", "--listen", "127.0.0.1:0",
        ])
        #expect(outcome.status == 69)
        #expect(!outcome.output.contains(secret), "\(outcome.output)")
        let wrong = try TellerProcess.command(["serve", "--store", "mysql://u:\(secret)@h/x"])
        #expect(!wrong.output.contains(secret), "\(wrong.output)")
    }

    @Test func `calls tell success, refusal and absence by their exit codes`() throws {
        let server = try TellerProcess()
        let url = ["--url", server.url]
        let credit = try TellerProcess.command(
            ["account", "credit", "alice", "5000000000", "--key", "k"] + url)
        #expect(credit.status == 0)
        #expect(credit.output.contains("available 5 TON"))
        let again = try TellerProcess.command(
            ["account", "credit", "alice", "5000000000", "--key", "k"] + url)
        #expect(again.output.contains("replayed"))
        let get = try TellerProcess.command(
            ["call", "account.get", #"{"accountId":"alice"}"#] + url)
        #expect(get.status == 0)
        #expect(get.output.contains(#""available": "5000000000""#))
        let refused = try TellerProcess.command(
            ["call", "account.get", #"{"accountId":"nobody"}"#] + url)
        #expect(refused.status == 1)
        #expect(refused.output.contains("ACCOUNT_NOT_FOUND"))
        #expect(try TellerProcess.command(["call", "account.get", "{"] + url).status == 64)
        #expect(try TellerProcess.command(["health"] + url).status == 0)
        server.kill(SIGKILL)
        #expect(try TellerProcess.command(["health"] + url).status == 69)
    }

    @Test func `the documented configuration is the real one`() throws {
        let page = try TellerProcess.command(["config", "--markdown"]).output
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
        let file = folder.appending(path: "../../docs/configuration.md")
        #expect(try String(contentsOf: file, encoding: .utf8) == page)
    }
}

/// Tokens, scopes and certificates at the real door.
@Suite struct AccessTests {
    private static let info = #"{"jsonrpc":"2.0","id":1,"method":"service.info"}"#
    private static let credit = """
        {"jsonrpc":"2.0","id":1,"method":"account.credit","params":\
        {"accountId":"alice","amount":"1"}}
        """

    @Test func `a token opens what its scopes say until it is revoked`() async throws {
        let server = try TellerProcess(settings: ["access.tokens=required"])
        #expect(try server.post(Self.info).status == 401)
        let made = try TellerProcess.command([
            "token", "create", "--name", "reader", "--scopes", "service:read,account:read",
            "--store", server.store,
        ])
        #expect(made.status == 0)
        let lines = made.output.split(separator: "\n").map(String.init)
        let token = try #require(lines.first { $0.hasPrefix("tlr_") })
        let header = ["-H", "authorization: Bearer \(token)"]
        #expect(try server.post(Self.info, header).status == 200)
        let refused = try server.post(Self.credit, header)
        #expect(refused.status == 403)
        #expect(refused.body.contains("PERMISSION_DENIED"))
        let batch = try server.post("[\(Self.info),\(Self.credit)]", header)
        #expect(batch.status == 200)
        #expect(batch.body.contains("PERMISSION_DENIED"))
        #expect(batch.body.contains(#""name":"teller""#))
        #expect(
            try server.post(Self.info, ["-H", "authorization: Bearer \(token)x"]).status == 401)

        let list = try TellerProcess.command(["token", "list", "--store", server.store])
        #expect(list.output.contains("reader"))
        #expect(!list.output.contains(token))
        #expect(
            try TellerProcess.command(["token", "revoke", "reader", "--store", server.store])
                .status == 0)
        #expect(
            try await eventually(within: 20) { try server.post(Self.info, header).status == 401 })
        #expect(!server.log.contains(token))
    }

    @Test func `probes need no token and tell nothing but the status`() throws {
        let server = try TellerProcess(settings: ["access.tokens=required"])
        let outcome = try TestProcess.runChecked(["curl", "-sS", "\(server.url)/readyz"])
        #expect(outcome == "ok\n")
        #expect(try TellerProcess.command(["health", "--url", server.url]).status == 0)
    }

    @Test func `a certificate is a principal, also after SIGHUP`() async throws {
        let certificates = try TestCertificates.shared.get()
        let server = try TellerProcess(settings: [
            "tls.certificate=\(certificates.server.certificateFile)",
            "tls.key=\(certificates.server.keyFile)",
            "tls.clientAuthorities=\(certificates.authorityFile)",
            "tls.clientCertificates=optional", "access.tokens=required",
            "access.certificates=CN=payout-backend,O=Teller Tests=shop:service:read",
        ])
        func status(_ version: String, _ extra: [String] = []) throws -> String {
            try TestProcess.runChecked(
                [
                    "curl", "-sSk", "-m", "20", version, "-o", "/dev/null",
                    "-w", "%{http_version} %{http_code}", "-d", Self.info,
                ] + extra + ["https://127.0.0.1:\(server.port)/rpc"])
        }
        let identity = [
            "--cert", certificates.client.certificateFile, "--key", certificates.client.keyFile,
        ]
        #expect(try status("--http2") == "2 401")
        #expect(try status("--http2", identity) == "2 200")
        server.kill(SIGHUP)
        #expect(try await eventually { server.log.contains("certificates reloaded") })
        #expect(try status("--http1.1", identity) == "1.1 200")
    }
}

/// What bad calls get, and that the server goes on.
@Suite struct BadInputTests {
    private static func create(_ amount: String, _ address: String = Sample.destination) -> String {
        """
        {"jsonrpc":"2.0","id":"x","method":"withdraw.create","params":\
        {"accountId":"alice","amount":\(amount),"destination":"\(address)"}}
        """
    }

    @Test func `each bad call gets its error`() throws {
        let server = try TellerProcess()
        let cases: [(body: String, status: Int, reason: String)] = [
            ("{", 200, "PARSE_ERROR"),
            ("[]", 200, "INVALID_REQUEST"),
            (#"{"jsonrpc":"2.0","id":1,"method":"no.such"}"#, 200, "METHOD_NOT_FOUND"),
            (Self.create(#""1.5""#), 200, "INVALID_PARAMS"),
            (Self.create("1e3"), 200, "INVALID_PARAMS"),
            (Self.create(#""-1""#), 200, "INVALID_PARAMS"),
            (Self.create(#""18446744073709551616""#), 200, "INVALID_PARAMS"),
            (Self.create(#""1""#), 200, "AMOUNT_OUT_OF_RANGE"),
            (Self.create(#""1000000000""#), 200, "ACCOUNT_NOT_FOUND"),
            (
                Self.create(#""1000000000""#, Sample.destination.replacing("wA", with: "wB")), 200,
                "INVALID_DESTINATION"
            ),
            (
                #"{"jsonrpc":"2.0","id":1,"method":"account.get","params":{"accountId":"a","x":1}}"#,
                200, "INVALID_PARAMS"
            ),
            (String(repeating: "[", count: 100_000), 200, "PARSE_ERROR"),
            (
                "["
                    + Array(
                        repeating: #"{"jsonrpc":"2.0","id":1,"method":"service.info"}"#,
                        count: 101
                    ).joined(separator: ",") + "]", 200, "INVALID_REQUEST"
            ),
        ]
        for (body, status, reason) in cases {
            let answer = try server.post(body)
            #expect(answer.status == status, "\(body.prefix(80))")
            #expect(answer.body.contains(reason), "\(body.prefix(80)): \(answer.body)")
        }
        let large = server.folder.appending(path: "large")
        try Data(repeating: UInt8(ascii: " "), count: 2 << 20).write(to: large)
        #expect(try server.post("@\(large.path)").status == 413)
        #expect(
            try server.post("{}", ["-H", "content-type: text/csv"]).status == 415)
        #expect(try server.post(#"{"jsonrpc":"2.0","id":1,"method":"service.info"}"#).status == 200)
    }
}
