// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerProtocol
import TestSupport
import Testing

/// Stands in for an OpenTelemetry collector: takes whatever is posted and writes it down.
final class Collector {
    /// One export as it came.
    struct Export {
        let path: String
        let authorization: String?
        let traceparent: String?
        let spans: [Span]
        /// Attributes of the resource.
        let resource: [String: String]
    }

    /// The part of a span that tests look at.
    struct Span {
        let name: String
        let kind: Int
        let traceID: String
        let spanID: String
        let parentID: String?
        let state: String?
        let attributes: [String: String]
    }

    /// Answers with the status, and tells a caller that it refuses what the caller has sent.
    private static let script = """
        import http.server, json, sys
        out = open(sys.argv[1], 'a', buffering=1)
        status = int(sys.argv[2])
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def do_POST(self):
                body = self.rfile.read(int(self.headers['content-length'])).decode()
                seen = {name: self.headers[name] for name in ('authorization', 'traceparent')}
                out.write(json.dumps({'path': self.path, 'body': json.loads(body), **seen}) + '\\n')
                answer = json.dumps({'message': 'got %s' % seen['authorization']}).encode()
                self.send_response(status)
                self.send_header('content-length', str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            def log_message(self, *arguments): pass
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        out.write('%d\\n' % server.server_address[1])
        server.serve_forever()
        """

    private let file: URL
    private let process = Process()
    private(set) var port = 0

    /// - Parameter status: Of every answer.
    init(status: Int = 200) throws {
        file = URL(filePath: "/tmp/teller-collector-\(UInt64.random(in: .min ... .max))")
        _ = FileManager.default.createFile(atPath: file.path, contents: nil)
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", Self.script, file.path, "\(status)"]
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let end = ContinuousClock.now + .seconds(30)
        while port == 0 {
            guard process.isRunning, ContinuousClock.now < end else {
                throw TestProcess.Failure(description: "the collector did not start")
            }
            port = lines.first.flatMap { Int($0) } ?? 0
            usleep(10_000)
        }
    }

    deinit {
        signal(SIGKILL)
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: file)
    }

    var url: String { "http://127.0.0.1:\(port)" }

    func signal(_ signal: Int32) { kill(process.processIdentifier, signal) }

    private var lines: [Substring] {
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        // The last one may be under way.
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    }

    var exports: [Export] {
        lines.dropFirst().compactMap { line in
            guard let value = try? JSONSerialization.jsonObject(with: Data(line.utf8)),
                let export = value as? [String: Any], let body = export["body"] as? [String: Any]
            else { return nil }
            let resource = Self.objects(body["resourceSpans"]).first ?? [:]
            let scopes = Self.objects(resource["scopeSpans"])
            return Export(
                path: export["path"] as? String ?? "",
                authorization: export["authorization"] as? String,
                traceparent: export["traceparent"] as? String,
                spans: scopes.flatMap { Self.objects($0["spans"]) }.map(Self.span),
                resource: Self.attributes((resource["resource"] as? [String: Any])?["attributes"]))
        }
    }

    var spans: [Span] { exports.flatMap(\.spans) }

    private static func objects(_ value: Any?) -> [[String: Any]] {
        value as? [[String: Any]] ?? []
    }

    private static func attributes(_ value: Any?) -> [String: String] {
        var attributes: [String: String] = [:]
        for attribute in objects(value) {
            let value = (attribute["value"] as? [String: Any])?.values.first
            attributes[attribute["key"] as? String ?? ""] = value.map { "\($0)" }
        }
        return attributes
    }

    private static func span(_ span: [String: Any]) -> Span {
        func text(_ key: String) -> String? { span[key] as? String }
        return Span(
            name: text("name") ?? "", kind: span["kind"] as? Int ?? 0,
            traceID: text("traceId") ?? "", spanID: text("spanId") ?? "",
            parentID: text("parentSpanId"), state: text("traceState"),
            attributes: attributes(span["attributes"]))
    }
}
