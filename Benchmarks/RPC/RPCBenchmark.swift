// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Logging
import RPC
import TellerProtocol

/// What one `service.info` costs between the transport and the service, on one core, in process.
@main
struct RPCBenchmark {
    static func main() async {
        let handler = RPCHandler(
            methods: [info], access: .open, health: HealthState(blockers: []), identifierSeed: 1,
            logger: Logger(label: "benchmark"))
        var headers = HTTPHeaders()
        headers.add("content-type", "application/json")
        headers.add("content-length", "58")
        headers.add("user-agent", "h2load nghttp2/1.52.0")
        let body = #"{"jsonrpc":"2.0","id":1,"method":"service.info","params":{}}"#
        let request = HTTPRequest(
            method: .post, path: "/rpc", headers: headers, body: Array(body.utf8),
            connection: HTTPConnectionInfo(
                id: 1, version: .http2, remoteAddress: "127.0.0.1", isEncrypted: false,
                clientCertificateSubject: nil))
        let callsCount = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 500_000
        for round in 1...5 {
            let exchange = Exchange()
            let start = ContinuousClock.now
            for _ in 0..<callsCount { await handler.handle(request, exchange) }
            let elapsed = ContinuousClock.now - start
            print("round \(round): \(elapsed / callsCount) a call")
        }
    }

    private static let info = RPCMethod.unary("service.info", scope: "service:read") {
        (_: Params, _) async throws(RPCError) -> Info in Info()
    }

    private struct Params: JSONDecodable {
        init(from reader: inout JSONReader) throws(JSONError) {
            try reader.readObject { (reader, key) throws(JSONError) in
                throw reader.invalid("is unknown")
            }
        }
    }

    private struct Info: JSONEncodable {
        func encode(to writer: inout JSONWriter) {
            writer.beginObject()
            writer.key("name")
            writer.string("teller")
            writer.key("version")
            writer.string("0.1.0")
            writer.key("environment")
            writer.string("development")
            writer.key("startedAt")
            writer.string("2026-11-23T23:07:00.000Z")
            writer.key("limits")
            writer.beginObject()
            writer.key("bodyBytesMax")
            writer.number(1_048_576)
            writer.key("batchElementsMax")
            writer.number(100)
            writer.key("nestingDepthMax")
            writer.number(64)
            writer.key("deadlineMillisecondsMax")
            writer.number(60_000)
            writer.endObject()
            writer.endObject()
        }
    }

    /// Takes the response and forgets it.
    private struct Exchange: HTTPExchange {
        func respond(_ response: HTTPResponse) { precondition(response.status == 200) }
        func begin(status: Int, headers: HTTPHeaders) {}
        func write(_ bytes: [UInt8]) async throws(HTTPStreamClosed) {}
        func finish(trailers: HTTPHeaders?) {}
        func cancel(after duration: Duration) {}
    }
}
