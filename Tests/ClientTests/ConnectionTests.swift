// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TellerClient
import TellerProtocol
import TestSupport
import Testing

/// The client against servers that misbehave.
@Suite(.timeLimit(.minutes(1))) struct ConnectionTests {
    private func withServer(
        _ script: @escaping RawServer.Script,
        configure: (inout ClientConfiguration) -> Void = { _ in },
        _ body: (TellerClient, RawServer) async throws -> Void
    ) async throws {
        let server = RawServer(script)
        try await server.start()
        var configuration = ClientConfiguration(endpoint: server.endpoint)
        configuration.retries.backoffBase = .milliseconds(1)
        configure(&configuration)
        let client = try TellerClient(configuration: configuration)
        try await body(client, server)
        await client.shutDown(grace: .zero)
        try await server.stop()
    }

    @Test func `a refused stream is sent again with the same key`() async throws {
        try await withServer { _, request, _ in
            request < 3 ? [.reset(code: 7)] : [.answer("{}")]
        } _: { client, server in
            _ = try await client.call(anyCreate, .object([]))
            #expect(server.connections == 1)
            #expect(server.keys.count == 3)
            #expect(Set(server.keys).count == 1)
        }
    }

    @Test func `a call beyond the GOAWAY goes to a new connection`() async throws {
        try await withServer { connection, _, _ in
            connection == 1 ? [.goAway(lastStreamID: 0)] : [.answer("{}")]
        } _: { client, server in
            _ = try await client.call(anyGet, .object([]))
            #expect(server.connections == 2)
            #expect(server.bodies.count == 2)
        }
    }

    @Test func `a call before the GOAWAY is still answered on its connection`() async throws {
        try await withServer { _, _, stream in
            [.goAway(lastStreamID: stream), .answer("{}")]
        } _: { client, server in
            _ = try await client.call(anyGet, .object([]))
            #expect(server.connections == 1)
            _ = try await client.call(anyGet, .object([]))
            #expect(server.connections == 2)
            #expect(server.bodies.count == 2)
        }
    }

    @Test func `a connection lost after the send is retried with the same key`() async throws {
        try await withServer { connection, _, _ in
            connection < 3 ? [.close] : [.answer("{}")]
        } _: { client, server in
            _ = try await client.call(anyCreate, .object([]))
            #expect(server.connections == 3)
            #expect(Set(server.keys).count == 1)
        }
    }

    @Test func `a lost connection is told when attempts are used up`() async throws {
        try await withServer { _, _, _ in
            [.close]
        } configure: {
            $0.retries.attemptsMax = 2
        } _: { client, server in
            let error = await #expect(throws: TellerError.self) {
                try await client.call(anyGet, .object([]))
            }
            guard case .transport(let failure) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(failure.kind == .interrupted)
            #expect(server.bodies.count == 2)
        }
    }

    @Test func `a server that falls silent is found out by a ping`() async throws {
        try await withServer { connection, _, _ in
            connection == 1 ? [.fallSilent] : [.answer("{}")]
        } configure: {
            $0.connection.keepaliveInterval = .milliseconds(200)
            $0.connection.keepaliveTimeout = .milliseconds(200)
            $0.deadline = .seconds(30)
        } _: { client, server in
            _ = try await client.call(anyGet, .object([]))
            #expect(server.connections >= 2)
        }
    }

    @Test func `a connection that died while idle is found out before the deadline`() async throws {
        try await withServer { connection, _, _ in
            connection == 1 ? [.answer("{}"), .fallSilent] : [.answer("{}")]
        } configure: {
            $0.connection.keepaliveInterval = .milliseconds(100)
            $0.connection.keepaliveTimeout = .seconds(1)
            $0.deadline = .seconds(30)
        } _: { client, server in
            _ = try await client.call(anyGet, .object([]))
            try await Task.sleep(for: .milliseconds(150))
            _ = try await client.call(anyGet, .object([]))
            #expect(server.connections >= 2)
        }
    }

    @Test func `a slow answer ends at the deadline and not later`() async throws {
        try await withServer { _, request, _ in
            request == 1 ? [.answer("{}")] : []
        } _: { client, server in
            // The connection is there before the clock that matters runs.
            _ = try await client.call(anyGet, .object([]))
            await #expect(throws: TellerError.deadlineExceeded) {
                try await client.call(
                    anyGet, .object([]), options: CallOptions(deadline: .milliseconds(200)))
            }
        }
    }

    @Test func `whatever a server does, calls keep their keys and get their own answers`()
        async throws
    {
        let random = Mutex(SeededRandom(seed: UInt64.random(in: 0 ... .max)))
        print("seed", random.withLock { $0.seed })
        try await withServer { _, _, stream in
            switch random.withLock({ $0.next() % 20 }) {
            case 0: [.reset(code: 7)]
            case 1: [.reset(code: 8)]
            case 2: [.close]
            case 3: [.echo, .close]
            case 4: [.goAway(lastStreamID: 0)]
            case 5: [.goAway(lastStreamID: stream), .echo]
            case 6: [.goAway(lastStreamID: stream), .echo, .close]
            default: [.echo]
            }
        } configure: {
            $0.retries.attemptsMax = 1_000
            $0.retries.budgetFloor = 1_000_000
            $0.retries.backoffMax = .milliseconds(5)
            $0.deadline = .seconds(50)
        } _: { client, server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<20 {
                    group.addTask {
                        for number in 0..<25 {
                            let name = JSONValue.string("\(worker)-\(number)")
                            let result = try await client.call(
                                anyCreate, .object([JSONValue.Member("comment", name)]))
                            #expect(result["comment"] == name)
                        }
                    }
                }
                try await group.waitForAll()
            }
            var keys: [String: Set<String>] = [:]
            for body in server.bodies {
                let comment = body["params"]?["comment"]?.string ?? ""
                keys[comment, default: []].insert(body["params"]?["idempotencyKey"]?.string ?? "")
            }
            #expect(keys.count == 500)
            #expect(keys.values.allSatisfy { $0.count == 1 })
            #expect(server.bodies.count > 500)
        }
    }

    @Test(arguments: ["http", "https"])
    func `a port where nobody listens is unreachable`(scheme: String) async throws {
        // A port nobody listens on.
        let server = RawServer { _, _, _ in [] }
        try await server.start()
        let endpoint = server.endpoint.replacing("http:", with: "\(scheme):")
        try await server.stop()
        var configuration = ClientConfiguration(endpoint: endpoint)
        configuration.deadline = .milliseconds(500)
        let client = try TellerClient(configuration: configuration)
        let error = await #expect(throws: TellerError.self) {
            try await client.call(anyGet, .object([]))
        }
        guard case .transport(let failure) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(failure.kind == .unreachable)
        #expect(failure.message.contains("127.0.0.1"))
    }

    @Test func `after shutDown calls are refused`() async throws {
        try await withServer { _, _, _ in
            [.answer("{}")]
        } _: { client, _ in
            _ = try await client.call(anyGet, .object([]))
            await client.shutDown(grace: .zero)
            let error = await #expect(throws: TellerError.self) {
                try await client.call(anyGet, .object([]))
            }
            guard case .transport(let failure) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(failure.kind == .shutDown)
        }
    }
}
