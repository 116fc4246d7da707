// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Logging
import NIOCore
import Synchronization
import TLS
import TellerClient
import TellerProtocol
import TestSupport
import Testing
import Transport

private struct ClosureHandler: HTTPHandler {
    let body: @Sendable (HTTPRequest, any HTTPExchange) async -> Void

    func handle(_ request: HTTPRequest, _ exchange: any HTTPExchange) async {
        await body(request, exchange)
    }

    /// Answers with the caller's params and who the caller is.
    static let echo = ClosureHandler { request, exchange in
        let params = (try? JSONValue.parse(request.body))?["params"] ?? .null
        let subject = request.connection.clientCertificateSubject.map { JSONValue.string($0) }
        let result = JSONValue.object([
            JSONValue.Member("params", params), JSONValue.Member("subject", subject ?? .null),
            JSONValue.Member(
                "token", .string(request.headers["authorization"] ?? "")),
        ])
        exchange.respond(.result(String(decoding: result.jsonBytes, as: UTF8.self)))
    }
}

/// A server of this package on a loopback port.
private func startServer(
    _ handler: some HTTPHandler, port: Int = 0, tls: TLSServerConfiguration? = nil
) async throws -> (HTTPServer, port: Int) {
    var configuration = HTTPServerConfiguration()
    configuration.eventLoops = 1
    configuration.port = port
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let server = HTTPServer(
        configuration: configuration, handler: handler,
        security: try tls.map { try TLSContextStore($0) }, logger: logger)
    let address = try await server.bind()
    return (server, address.port ?? 0)
}

extension TestCertificates.Identity {
    fileprivate var tls: TLSIdentity {
        TLSIdentity(certificateChainFile: certificateFile, privateKeyFile: keyFile)
    }
}

@Suite(.timeLimit(.minutes(1))) struct LiveServerTests {
    @Test func `many calls share one connection`() async throws {
        let (server, port) = try await startServer(ClosureHandler.echo)
        let client = try TellerClient(
            configuration: ClientConfiguration(endpoint: "http://127.0.0.1:\(port)"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<1_000 {
                group.addTask {
                    let params = JSONValue.object([JSONValue.Member("n", .number("\(number)"))])
                    let result = try await client.call(anyGet, params)
                    #expect(result["params"] == params)
                }
            }
            try await group.waitForAll()
        }
        #expect(server.connectionCount == 1)
        await client.shutDown()
        await server.drain(grace: .seconds(1))
    }

    @Test func `TLS carries calls, token and client certificate`() async throws {
        let files = try TestCertificates.shared.get()
        let (server, port) = try await startServer(
            ClosureHandler.echo,
            tls: TLSServerConfiguration(
                identity: files.server.tls,
                clientCertificates: .required(authorityFile: files.authorityFile)))
        var configuration = ClientConfiguration(
            endpoint: "https://localhost:\(port)", token: BearerToken("t0ken"))
        configuration.tls.authorityFile = files.authorityFile
        configuration.tls.certificateChainFile = files.client.certificateFile
        configuration.tls.privateKeyFile = files.client.keyFile
        let client = try TellerClient(configuration: configuration)
        let big = JSONValue.string(String(repeating: "x", count: 500_000))
        let result = try await client.call(
            anyGet, .object([JSONValue.Member("big", big)]))
        #expect(result["subject"]?.string == "CN=payout-backend,O=Teller Tests")
        #expect(result["token"]?.string == "Bearer t0ken")
        #expect(result["params"]?["big"] == big)
        await client.shutDown()
        await server.drain(grace: .seconds(1))
    }

    @Test func `a server that cannot prove its name is not talked to`() async throws {
        let files = try TestCertificates.shared.get()
        let (server, port) = try await startServer(
            ClosureHandler.echo, tls: TLSServerConfiguration(identity: files.strangeServer.tls))
        var configuration = ClientConfiguration(
            endpoint: "https://localhost:\(port)", token: BearerToken("t0ken"))
        configuration.tls.authorityFile = files.authorityFile
        configuration.retries.attemptsMax = 1
        let client = try TellerClient(configuration: configuration)
        let error = await #expect(throws: TellerError.self) {
            try await client.call(anyGet, .object([]))
        }
        #expect(error?.description.contains("certificate") == true, "\(String(describing: error))")
        await client.shutDown()
        await server.drain(grace: .seconds(1))
    }

    @Test func `calls survive a restart of the server`() async throws {
        let (first, port) = try await startServer(ClosureHandler.echo)
        var configuration = ClientConfiguration(endpoint: "http://127.0.0.1:\(port)")
        configuration.retries.attemptsMax = 20
        configuration.retries.budgetFloor = 1_000
        configuration.deadline = .seconds(20)
        let client = try TellerClient(configuration: configuration)
        _ = try await client.call(anyGet, .object([]))
        let calls = Task {
            for _ in 0..<200 {
                _ = try await client.call(anyGet, .object([]))
                try await Task.sleep(for: .milliseconds(1))
            }
        }
        await first.drain(grace: .seconds(1))
        let (second, _) = try await startServer(ClosureHandler.echo, port: port)
        try await calls.value
        await client.shutDown()
        await second.drain(grace: .seconds(1))
    }

    @Test func `cancelling a call cancels the server's work`() async throws {
        let (started, start) = AsyncStream.makeStream(of: Void.self)
        let working = Mutex(0)
        let handler = ClosureHandler { _, exchange in
            working.withLock { $0 += 1 }
            start.yield()
            try? await Task.sleep(for: .seconds(3600))
            #expect(Task.isCancelled)
            working.withLock { $0 -= 1 }
            exchange.respond(.result("{}"))
        }
        let (server, port) = try await startServer(handler)
        let client = try TellerClient(
            configuration: ClientConfiguration(endpoint: "http://127.0.0.1:\(port)"))
        let call = Task { try await client.call(anyGet, .object([])) }
        for await _ in started { break }
        call.cancel()
        await #expect(throws: TellerError.cancelled) { try await call.value }
        // The deadline does the same.
        await #expect(throws: TellerError.deadlineExceeded) {
            try await client.call(
                anyGet, .object([]), options: CallOptions(deadline: .milliseconds(300)))
        }
        while working.withLock({ $0 }) > 0 { try await Task.sleep(for: .milliseconds(1)) }
        await client.shutDown()
        await server.drain(grace: .seconds(1))
    }

    @Test func `a watch is resumed over a new connection and can be left`() async throws {
        let cursors = Mutex<[String?]>([])
        let (left, leave) = AsyncStream.makeStream(of: Void.self)
        let handler = ClosureHandler { request, exchange in
            let cursor = (try? JSONValue.parse(request.body))?["params"]?["cursor"]?.string
            cursors.withLock { $0.append(cursor) }
            let first = cursor.flatMap { Int($0) }.map { $0 + 1 } ?? 1
            exchange.begin(status: 200, headers: HTTPHeaders())
            do throws(HTTPStreamClosed) {
                for number in first...(first + 1) {
                    let line =
                        #"{"jsonrpc":"2.0","method":"w","params":{"cursor":"\#(number)"}}"# + "\n"
                    try await exchange.write(Array(line.utf8))
                }
                if first < 5 { return exchange.finish(trailers: nil) }
                while true {
                    try await exchange.write(Array("\n".utf8))
                    try? await Task.sleep(for: .milliseconds(5))
                    if Task.isCancelled { throw HTTPStreamClosed() }
                }
            } catch {
                leave.yield()
            }
        }
        let (server, port) = try await startServer(handler)
        var configuration = ClientConfiguration(endpoint: "http://127.0.0.1:\(port)")
        configuration.retries.backoffBase = .milliseconds(1)
        let client = try TellerClient(configuration: configuration)
        var seen: [String] = []
        for try await event in client.stream(anyWatch, .object([])) {
            seen.append(event["cursor"]?.string ?? "")
            if seen.count == 6 { break }
        }
        #expect(seen == ["1", "2", "3", "4", "5", "6"])
        #expect(cursors.withLock { $0 } == [nil, "2", "4"])
        for await _ in left { break }
        await client.shutDown()
        await server.drain(grace: .seconds(1))
    }
}
