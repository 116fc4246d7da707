// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Ledger
import Logging
import PostgresStore
import TellerProtocol
import TestSupport
import Testing

/// A server that is told to stop while a batch is on its way.
@Suite struct PartingServerTests {
    /// PostgreSQL looks for its end between a statement and the next: a backend may have carried
    /// out COMMIT and say, in place of what comes after it, that it goes.
    @Test func `a commit after which the server says that it goes is in doubt, not undone`()
        async throws
    {
        let fixture = try StoreKind.postgres.open()
        let proxy = try PartingProxy(fixture.location)
        let alice = Sample.account("alice")
        _ = try fixture.store.commit([Sample.credit(alice, 1000)], at: Sample.now)
        let store = try PostgresStore(
            connectionString: proxy.location, outcomeLifeMilliseconds: StoreFixture.outcomeLife,
            writers: 1, readers: 1, logger: Logger(label: "test"))
        // Under locks, which also fills what is remembered, and then at a glance.
        for round in 1...2 {
            if round == 2 { _ = try store.commit([Sample.credit(alice, 1)], at: Sample.now) }
            try proxy.arm()
            do throws(StoreError) {
                _ = try store.commit([Sample.create(alice, 100)], at: Sample.now)
                Issue.record("it was acknowledged")
            } catch {
                #expect(error.code == .outcomeUnknown, "\(error.debugDescription)")
            }
            let account = try #require(try await fixture.store.account(alice))
            #expect(account.held == Sample.amount(Int64(round) * 105))
        }
        // The next one is told the truth over a connection of its own.
        let next = try store.commit([Sample.create(alice, 100)], at: Sample.now)
        #expect(next[0].withdrawal != nil)
        let account = try #require(try await store.account(alice))
        #expect(account.held == Sample.amount(3 * 105))
        await store.close()
    }

    @Test func `an advance after which the server says that it goes is in doubt, not undone`()
        async throws
    {
        let fixture = try StoreKind.postgres.open()
        let proxy = try PartingProxy(fixture.location)
        let store = try PostgresStore(
            connectionString: proxy.location, outcomeLifeMilliseconds: StoreFixture.outcomeLife,
            writers: 1, readers: 1, logger: Logger(label: "test"))
        let alice = Sample.account("alice")
        try proxy.arm()
        let advance = ChainSample.deposits(from: 0, to: [alice])
        do throws(StoreError) {
            _ = try await store.advance(advance, at: Sample.now)
            Issue.record("it was acknowledged")
        } catch {
            #expect(error.code == .outcomeUnknown, "\(error.debugDescription)")
        }
        // Whoever looks sees that it was written; doing it again does nothing.
        #expect(try await store.position(of: ChainSample.wallet)?.version == 1)
        #expect(try await store.advance(advance, at: Sample.now) == .moved)
        #expect(try await store.account(alice)?.available == Sample.amount(10))
        await store.close()
    }
}

/// Stands between a store and PostgreSQL. Once armed, it lets the next COMMIT's completion
/// through, puts an administrator's shutdown in place of what follows, and falls silent.
private final class PartingProxy {
    private static let script = """
        import os, socket, sys, threading
        port, trigger = int(sys.argv[1]), sys.argv[2]
        fields = b"SFATAL\\0VFATAL\\0C57P01\\0Mterminating connection due to administrator command\\0\\0"
        parting = b"E" + (len(fields) + 4).to_bytes(4, "big") + fields
        def exactly(source, count):
            data = b""
            while len(data) < count:
                part = source.recv(count - len(data))
                if not part: raise EOFError
                data += part
            return data
        def up(client, server):
            try:
                while data := client.recv(65536): server.sendall(data)
            except OSError: pass
            try: server.shutdown(socket.SHUT_WR)
            except OSError: pass
        def down(client, server):
            try:
                while True:
                    head = exactly(server, 5)
                    message = head + exactly(server, int.from_bytes(head[1:], "big") - 4)
                    client.sendall(message)
                    if message[:1] == b"C" and message[5:] == b"COMMIT\\0" and os.path.exists(trigger):
                        os.remove(trigger)
                        client.sendall(parting)
                        return
            except (EOFError, OSError): client.close()
        listener = socket.create_server(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)
        while True:
            client, _ = listener.accept()
            server = socket.create_connection(("127.0.0.1", port))
            for way in (up, down): threading.Thread(target=way, args=(client, server), daemon=True).start()
        """

    let location: String
    private let trigger: URL
    private let process = Process()

    /// - Parameter location: the connection string of a database on 127.0.0.1.
    init(_ location: String) throws {
        let components = try #require(URLComponents(string: location))
        let port = try #require(components.port)
        trigger = URL(filePath: "/tmp/teller-parting-\(UInt64.random(in: .min ... .max))")
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", Self.script, "\(port)", trigger.path]
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let own = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)))
        var through = components
        through.port = own
        through.queryItems =
            (through.queryItems ?? [])
            + [
                .init(name: "sslmode", value: "disable"),
                .init(name: "gssencmode", value: "disable"),
            ]
        self.location = try #require(through.string)
    }

    deinit {
        // Its threads wait in calls that put a polite end off.
        kill(process.processIdentifier, SIGKILL)
        try? FileManager.default.removeItem(at: trigger)
    }

    /// The next COMMIT on any of its connections is the last one of that connection.
    func arm() throws { try Data().write(to: trigger) }
}
