// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerProtocol
import TestSupport
import Testing

/// Traces of the real program, as a collector gets them.
@Suite struct TracingTests {
    private static let token = "a-token-of-the-collector"
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let quiet = "1af7651916cd43dd8448eb211c80319c"
    private static let info = #"{"jsonrpc":"2.0","id":1,"method":"service.info"}"#

    private static func server(
        _ collector: Collector, _ settings: [String] = []
    ) throws -> TellerProcess {
        try TellerProcess(settings: ["tracing.otlp.url=\(collector.url)/base/"] + settings)
    }

    private static func parent(_ trace: String, isSampled: Bool = true) -> [String] {
        ["-H", "traceparent: 00-\(trace)-b7ad6b7169203331-0\(isSampled ? 1 : 0)"]
    }

    @Test func `a call's span belongs to its caller's trace`() async throws {
        let collector = try Collector()
        let server = try Self.server(collector, ["tracing.otlp.token=\(Self.token)"])
        let headers =
            Self.parent(Self.trace) + ["-H", "tracestate: a=1,b=2", "-H", "x-request-id: r7"]
        #expect(try server.post(Self.info, headers).status == 200)
        #expect(try await eventually { collector.spans.contains { $0.traceID == Self.trace } })
        let span = try #require(collector.spans.first { $0.traceID == Self.trace })
        #expect(span.name == "service.info" && span.kind == 2)
        #expect(span.parentID == "b7ad6b7169203331" && span.spanID != span.parentID)
        #expect(span.state == "a=1,b=2")
        #expect(
            span.attributes == [
                "rpc.system": "jsonrpc", "rpc.method": "service.info",
                "rpc.response.status_code": "OK", "requestId": "r7", "tenant": "default",
            ])
        let export = try #require(collector.exports.first)
        #expect(export.path == "/base/v1/traces")
        #expect(export.authorization == "Bearer \(Self.token)")
        #expect(export.resource["service.name"] == "teller")
        #expect(export.resource["service.version"] == ContractDocument.version)
        #expect(export.resource["service.instance.id"]?.isEmpty == false)
        // The exports are no part of any trace, their own least of all.
        try await Task.sleep(for: .milliseconds(1_500))
        #expect(collector.exports.allSatisfy { $0.traceparent == nil })
        #expect(!collector.spans.contains { $0.name.hasPrefix("otlp") })
        #expect(!server.log.contains(Self.token))
    }

    @Test func `callers decide for themselves, and the ratio for everybody else`() async throws {
        let collector = try Collector()
        let server = try Self.server(collector, ["tracing.sampleRatio=0", "gateway.name=none"])
        _ = try server.post(Self.info)
        _ = try server.post(Self.info, Self.parent(Self.quiet, isSampled: false))
        _ = try server.post(Self.info, ["-H", "traceparent: 00-garbage"])
        _ = try server.post(Self.info, Self.parent(Self.trace))
        #expect(try await eventually { !collector.spans.isEmpty })
        server.kill(SIGTERM)
        #expect(server.waitForExit() == 0)
        #expect(collector.spans.map(\.traceID) == [Self.trace])
    }

    @Test func `a withdrawal's way leaves spans, which a drain still sends`() async throws {
        let collector = try Collector()
        let server = try Self.server(collector)
        let client = try server.client()
        let alice = Sample.account("alice")
        _ = try await client.account.credit(accountId: alice, amount: Sample.amount(9_000_000_000))
        let made = try await client.withdraw.create(
            accountId: alice, amount: Sample.amount(1_000_000_000),
            destination: Sample.destination)
        let id = made.withdrawal.withdrawalId
        #expect(
            try await eventually {
                try await client.withdraw.get(withdrawalId: id).withdrawal.state == .confirmed
            })
        await client.shutDown()
        server.kill(SIGTERM)
        #expect(server.waitForExit() == 0)
        let spans = collector.spans
        for name in ["account.credit", "withdraw.create", "withdraw.get"] {
            let span = spans.first { $0.name == name }
            #expect(span?.kind == 2 && span?.parentID == nil, "\(name)")
        }
        let dispatch = try #require(spans.first { $0.name == "payout.dispatch" })
        #expect(dispatch.kind == 1 && dispatch.attributes["sent"] == "1")
        let conclude = try #require(spans.first { $0.name == "payout.conclude" })
        #expect(conclude.attributes["confirmed"] == "1")
        #expect(Set(spans.map(\.spanID)).count == spans.count)
    }

    @Test func `a collector that hangs delays no call and no drain, and drops are counted`()
        async throws
    {
        let collector = try Collector()
        let server = try Self.server(collector, ["admin.listen=127.0.0.1:0"])
        let admin = try AdminClient(server)
        collector.signal(SIGSTOP)
        let batch = "[" + Array(repeating: Self.info, count: 100).joined(separator: ",") + "]"
        for _ in 0..<35 { #expect(try server.post(batch).status == 200) }
        let dropped = try admin.values()[#"teller_trace_spans_total{outcome="dropped"}"#] ?? 0
        // 2,048 wait, and batches of 512 may have been given away in vain.
        #expect(dropped > 0 && dropped <= 3_500 - 2_048)
        server.kill(SIGTERM)
        #expect(server.waitForExit() == 0)
        collector.signal(SIGCONT)
    }

    @Test func `a collector that refuses is told of once, and its token never`() async throws {
        let collector = try Collector(status: 401)
        let server = try Self.server(
            collector,
            [
                "tracing.otlp.token=\(Self.token)", "log.level=trace",
                "admin.listen=127.0.0.1:0",
            ])
        let admin = try AdminClient(server)
        for round in 1...2 {
            _ = try server.post(Self.info)
            #expect(
                try await eventually {
                    try admin.values()[#"teller_trace_spans_total{outcome="failed"}"#] ?? 0
                        >= Double(round)
                })
        }
        #expect(collector.exports.allSatisfy { $0.authorization == "Bearer \(Self.token)" })
        #expect(server.log.components(separatedBy: "traces are lost").count == 2)
        #expect(server.log.contains("HTTP 401"))
        #expect(!server.log.contains(Self.token))
    }

    @Test(
        arguments: [
            (["tracing.otlp.url=ftp://collector"], "https://"),
            (["tracing.sampleRatio=1.5"], "from 0 to 1"),
            (["tracing.otlp.token=\(token)"], "without tracing.otlp.url"),
            (["tracing.otlp.url=http://10.0.0.1", "tracing.otlp.token=\(token)"], "allowInsecure"),
            (["tracing.otlp.url=https://c", "tracing.otlp.token=a b c d e f"], "visible ASCII"),
        ])
    func `wrong settings are refused at the start`(settings: [String], problem: String) throws {
        let outcome = try TellerProcess.command(
            ["serve", "--listen", "127.0.0.1:0", "--store", "sqlite:/tmp/never/opened.sqlite"]
                + settings.flatMap { ["--set", $0] })
        #expect(outcome.status == 78)
        #expect(outcome.output.contains(problem), "\(outcome)")
        #expect(!outcome.output.contains(Self.token) && !outcome.output.contains("a b c d"))
    }
}
