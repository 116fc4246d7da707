// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// A network link between a program and PostgreSQL that can be cut, as a partition does it: what
/// is under way is held back, nobody is told, and it arrives once the link is mended.
package final class CuttableLink {
    private static let script = """
        import os, socket, sys, threading, time
        port, cut = int(sys.argv[1]), sys.argv[2]
        def wait():
            while os.path.exists(cut): time.sleep(0.02)
        def forward(source, target):
            try:
                while data := source.recv(65536):
                    wait()
                    target.sendall(data)
            except OSError: pass
            wait()
            for end in (source, target):
                try: end.shutdown(socket.SHUT_RDWR)
                except OSError: pass
        def serve(client):
            wait()
            try: server = socket.create_connection(("127.0.0.1", port))
            except OSError: return client.close()
            for way in ((client, server), (server, client)):
                threading.Thread(target=forward, args=way, daemon=True).start()
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        print(listener.getsockname()[1], flush=True)
        while True:
            client, _ = listener.accept()
            threading.Thread(target=serve, args=(client,), daemon=True).start()
        """

    /// The connection string of the database, through the link.
    package let location: String
    private let cutFile: URL
    private let process = Process()

    /// - Parameter location: the connection string of a database on 127.0.0.1.
    package init(_ location: String) throws {
        guard var through = URLComponents(string: location), let port = through.port else {
            throw TestProcess.Failure(description: "\(location) names no port")
        }
        cutFile = URL(filePath: "/tmp/teller-cut-\(UInt64.random(in: .min ... .max))")
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", Self.script, "\(port)", cutFile.path]
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        through.port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines))
        guard let text = through.string else {
            throw TestProcess.Failure(description: "no link: \(line)")
        }
        self.location = text
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        try? FileManager.default.removeItem(at: cutFile)
    }

    package func cut() throws { try Data().write(to: cutFile) }

    package func mend() throws { try FileManager.default.removeItem(at: cutFile) }
}
