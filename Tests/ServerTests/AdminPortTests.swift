// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Telemetry
import TellerClient
import TellerProtocol
import TestSupport
import Testing

/// The admin port of the real program.
@Suite struct AdminPortTests {
    private static let token = "a-token-of-the-operators"

    private static func server(
        _ kind: ServerStore = .sqlite, settings: [String] = []
    ) throws -> (TellerProcess, AdminClient) {
        let server = try TellerProcess(kind, settings: ["admin.listen=127.0.0.1:0"] + settings)
        return (server, try AdminClient(server))
    }

    @Test(arguments: ServerStore.allCases)
    func `the metrics say what has happened, and pass promtool`(kind: ServerStore) async throws {
        let (server, admin) = try Self.server(kind)
        let client = try server.client()
        let alice = Sample.account("alice")
        _ = try await client.account.credit(accountId: alice, amount: Sample.amount(9_000_000_000))
        for _ in 0..<3 {
            _ = try await client.withdraw.create(
                accountId: alice, amount: Sample.amount(1_000_000_000),
                destination: Sample.destination)
        }
        _ = try? await client.withdraw.create(
            accountId: alice, amount: Sample.amount(90_000_000_000),
            destination: Sample.destination)
        _ = try server.post("no JSON")
        _ = try server.post(#"{"jsonrpc":"2.0","id":1,"method":"no.method"}"#)
        let expected: [String: Double] = [
            #"teller_rpc_calls_total{method="withdraw.create",status="OK"}"#: 3,
            #"teller_rpc_calls_total{method="withdraw.create",status="FAILED_PRECONDITION"}"#: 1,
            #"teller_rpc_duration_seconds_count{method="withdraw.create"}"#: 4,
            #"teller_rpc_calls_total{method="none",status="INVALID_ARGUMENT"}"#: 1,
            #"teller_rpc_calls_total{method="unknown",status="UNIMPLEMENTED"}"#: 1,
            #"teller_withdrawal_transitions_total{from="NONE",to="PENDING"}"#: 3,
            #"teller_withdrawal_transitions_total{from="SENT",to="CONFIRMED"}"#: 3,
            #"teller_http_connections{protocol="http2"}"#: 1,
            #"teller_http_connections_accepted_total{protocol="http1"}"#: 2,
            #"teller_task_state{task="payout-dispatcher",state="RUNNING"}"#: 1,
            #"teller_task_state{task="payout-dispatcher",state="DEGRADED"}"#: 0,
            #"teller_lease_held{lease="payout-confirmer"}"#: 1,
            "teller_store_up": 1, "teller_ledger_audit_violations": 0,
        ]
        var wrong: [String] = []
        _ = try await eventually {
            let values = try admin.values()
            wrong = expected.compactMap { name, value in
                values[name] == value ? nil : "\(name) \(values[name] ?? .nan)"
            }
            return wrong.isEmpty
        }
        #expect(wrong == [])
        if kind == .postgres {
            let values = try admin.values()
            let pools = ["writer": 2, "reader": 4, "leases": 1, "records": 1, "chain": 1]
            for (pool, count) in pools {
                let sum = ["busy", "idle", "disconnected"].reduce(0.0) { sum, state in
                    let name = #"teller_store_connections{pool="\#(pool)",state="\#(state)"}"#
                    return sum + (values[name] ?? .nan)
                }
                #expect(sum == Double(count), "\(pool)")
            }
        }
        let text = try admin.get("/metrics").body
        let check = try TestProcess.run(["promtool", "check", "metrics"], input: text)
        #expect(check.status == 0, "\(check)")
        let open = try admin.get(
            "/metrics", ["-H", "accept: application/openmetrics-text"])
        #expect(open.body.hasSuffix("# EOF\n"))
    }

    @Test func `every family that is served is in the catalogue, with a type and a help`()
        async throws
    {
        let (server, admin) = try Self.server()
        defer { withExtendedLifetime(server) {} }
        let known = Set((TellerMetrics.all + ProcessMetrics.families).map(\.name))
        let text = try admin.get("/metrics").body
        let typed = text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }
            .map { String($0.split(separator: " ")[2]) }
        #expect(typed.count >= 25)
        #expect(typed.filter { !known.contains($0) } == [])
    }

    @Test func `the log level changes while it runs`() async throws {
        let (server, admin) = try Self.server(settings: ["log.format=json"])
        #expect(try admin.get("/log-level").body == "info\n")
        let refused = try admin.get("/log-level", ["-X", "PUT", "-d", "loud"])
        #expect(refused.status == 400)
        #expect(try admin.get("/log-level", ["-X", "PUT", "-d", "debug"]).body == "debug\n")
        _ = try server.post(#"{"jsonrpc":"2.0","id":1,"method":"account.get","params":{}}"#)
        #expect(try await eventually { server.log.contains(#""message":"call refused""#) })
        #expect(server.log.contains("log level changed"))
        for line in server.log.split(separator: "\n") {
            #expect((try? JSONValue.parse(Array(line.utf8))) != nil, "\(line)")
        }
    }

    @Test func `with a token only its bearers are answered, and probes are free`() async throws {
        let (server, admin) = try Self.server(settings: ["admin.token=\(Self.token)"])
        for path in ["/metrics", "/log-level"] {
            #expect(try admin.get(path).status == 401)
            #expect(
                try admin.get(path, ["-H", "authorization: Bearer \(Self.token)x"]).status == 401)
            #expect(
                try admin.get(path, ["-H", "authorization: Bearer \(Self.token)"]).status == 200)
        }
        #expect(try admin.get("/livez").status == 200)
        #expect(try admin.get("/readyz").status == 200)
        #expect(try admin.get("/elsewhere").status == 404)
        #expect(try admin.get("/metrics", ["-X", "DELETE"]).status == 401)
        #expect(!server.log.contains(Self.token))
    }

    @Test(
        arguments: [
            (["admin.listen=0.0.0.0:0"], "beyond loopback"),
            (["admin.listen=127.0.0.1:0", "admin.token=short"], "admin.token"),
            (["admin.listen=nowhere"], "HOST:PORT|none"),
        ])
    func `a careless admin port is refused at the start`(
        settings: [String], problem: String
    ) throws {
        let outcome = try TellerProcess.command(
            ["serve", "--listen", "127.0.0.1:0", "--store", "sqlite:/tmp/never/opened.sqlite"]
                + settings.flatMap { ["--set", $0] })
        #expect(outcome.status == 78)
        #expect(outcome.output.contains(problem), "\(outcome)")
        #expect(!outcome.output.contains("short from"))
    }
}

/// Asks a server's admin port with curl.
struct AdminClient {
    let port: Int

    init(_ server: TellerProcess) throws {
        // It is opened beside the port whose opening the server's start has waited for.
        let end = ContinuousClock.now + .seconds(30)
        var line: Substring?
        while line == nil, ContinuousClock.now < end {
            line = server.log.split(separator: "\n").first { $0.contains("administration") }
            if line == nil { usleep(10_000) }
        }
        let digits = line?.split { !$0.isNumber }.last
        port = try #require(digits.flatMap { Int($0) })
    }

    func get(_ path: String, _ extra: [String] = []) throws -> (status: Int, body: String) {
        let output = try TestProcess.runChecked(
            ["curl", "-sS", "-m", "20", "-w", "%{http_code}"] + extra
                + ["http://127.0.0.1:\(port)\(path)"])
        return (Int(output.suffix(3)) ?? 0, String(output.dropLast(3)))
    }

    /// The samples, by name with labels as exposed.
    func values() throws -> [String: Double] {
        var values: [String: Double] = [:]
        for line in try get("/metrics").body.split(separator: "\n") where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " ") else { continue }
            values[String(line[..<space])] = Double(line[line.index(after: space)...])
        }
        return values
    }
}
