// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Logging
import TellerProtocol
import TestSupport
import Testing
import Transport

@testable import RPC

/// Every golden request, sent as it stands, is answered as it stands: through the generated
/// dispatch and codecs, in process and over a live socket.
@Suite(.timeLimit(.minutes(2))) struct GoldenExampleTests {
    private func handler(_ logger: Logger) -> RPCHandler {
        RPCHandler(
            methods: GoldenServices.methods, access: .open, health: HealthState(blockers: []),
            identifierSeed: 1, logger: logger)
    }

    private var logger: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

    /// Lines for a stream, else the one response; errors carry the id of the request.
    private func check(_ body: [UInt8], answers example: GoldenExample) throws {
        let documents = try body.split(separator: UInt8(ascii: "\n")).map {
            try JSONValue.parse(Array($0)).sorted
        }
        var response = example.response
        if response["error"] != nil {
            response = response.replacingRequestID(with: GoldenServices.requestID(of: example))
        }
        #expect(documents == (example.events + [response]).map(\.sorted), "\(example)")
    }

    @Test(arguments: GoldenExample.all) func `in process`(example: GoldenExample) async throws {
        let request = HTTPRequest(
            method: .post, path: "/rpc",
            headers: HTTPHeaders(["x-request-id": GoldenServices.requestID(of: example)]),
            body: example.request.jsonBytes, connection: Fixture.connection())
        let response = await InProcessExchange(time: ManualTime())
            .answer(to: request, from: handler(logger))
        #expect(response.status == 200)
        try check(response.body, answers: example)
    }

    @Test(arguments: ["--http1.1", "--http2-prior-knowledge"])
    func `over a live socket`(version: String) async throws {
        let handler = handler(logger)
        var configuration = HTTPServerConfiguration()
        configuration.eventLoops = 1
        let server = HTTPServer(
            configuration: configuration, handler: handler, refusal: handler.refusal,
            logger: logger)
        let port = try await server.bind().port ?? 0
        for example in GoldenExample.all {
            let outcome = try TestProcess.run(
                [
                    "curl", "-sS", version, "--max-time", "30", "--data-binary", "@-",
                    "-H", "content-type: application/json",
                    "-H", "x-request-id: \(GoldenServices.requestID(of: example))",
                    "http://127.0.0.1:\(port)/rpc",
                ], input: example.request.prettyText())
            #expect(outcome.status == 0, "\(outcome.output)")
            try check(Array(outcome.output.utf8), answers: example)
        }
        await server.drain(grace: .seconds(5))
    }

    @Test func `rpc.discover answers with the contract`() async throws {
        let request = HTTPRequest(
            method: .post, path: "/rpc", body: Array(Fixture.call("rpc.discover").utf8),
            connection: Fixture.connection())
        let response = await InProcessExchange(time: ManualTime())
            .answer(to: request, from: handler(logger))
        let answer = try JSONValue.parse(response.body)
        #expect(answer["result"] == (try JSONValue.parse(Array(ContractDocument.json.utf8))))
    }
}

extension JSONValue {
    /// The response with another `error.data.requestId`.
    fileprivate func replacingRequestID(with id: String) -> JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(
            members.map { member in
                member.key == "requestId"
                    ? Member(member.key, .string(id))
                    : Member(member.key, member.value.replacingRequestID(with: id))
            })
    }
}
