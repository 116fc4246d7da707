// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import Foundation
import NIOCore
package import TellerProtocol

/// A server in Python that a test starts on a free loopback port, and steers over HTTP.
package final class LoopbackProcess: Sendable {
    /// How long a start may take on a busy machine.
    private static let startTimeout: Duration = .seconds(60)
    private static let answerBytesMax = 64 << 20

    package let port: Int
    private let process: Process

    /// Starts it, and waits until it says where it listens: `… http://127.0.0.1:8081 …`.
    ///
    /// - Parameters:
    ///   - python: The interpreter; nil for the one on the path.
    ///   - script: A file.
    package init(python: String? = nil, script: String, _ arguments: [String]) throws {
        let log = URL(filePath: "/tmp/teller-loopback-\(UInt64.random(in: .min ... .max))")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: log) }
        process = Process()
        process.executableURL = URL(filePath: python ?? "/usr/bin/env")
        process.arguments = (python == nil ? ["python3"] : []) + [script] + arguments
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        process.environment = [
            "PATH": python == nil ? path : "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1",
        ]
        process.standardInput = FileHandle.nullDevice
        let output = try FileHandle(forWritingTo: log)
        process.standardOutput = output
        process.standardError = output
        let end = ContinuousClock.now + Self.startTimeout
        try process.run()
        while true {
            let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
            if let port = Self.port(in: text) {
                self.port = port
                return
            }
            guard process.isRunning, ContinuousClock.now < end else {
                kill(process.processIdentifier, SIGKILL)
                throw TestProcess.Failure(description: "\(script) did not start: \(text)")
            }
            usleep(10_000)
        }
    }

    deinit { stop() }

    private static func port(in text: String) -> Int? {
        guard let start = text.range(of: "http://127.0.0.1:") else { return nil }
        let rest = text[start.upperBound...]
        guard let end = rest.firstIndex(of: " ") else { return nil }
        return Int(rest[..<end])
    }

    /// Ends it; idempotent.
    package func stop() {
        guard process.isRunning else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Halts it where it stands: connections come about, and nothing is answered until `resume`.
    package func hang() { kill(process.processIdentifier, SIGSTOP) }

    package func resume() { kill(process.processIdentifier, SIGCONT) }

    /// Posts a JSON object, and reads what comes back.
    @discardableResult
    package func post(_ path: String, _ members: [JSONValue.Member]) async throws -> JSONValue {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/\(path)")
        request.method = .POST
        request.body = .bytes(ByteBuffer(bytes: JSONValue.object(members).jsonBytes))
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
        let body = try await response.body.collect(upTo: Self.answerBytesMax)
        guard response.status == .ok else {
            throw TestProcess.Failure(description: "\(path): \(String(buffer: body))")
        }
        return try JSONValue.parse(Array(body.readableBytesView))
    }
}
