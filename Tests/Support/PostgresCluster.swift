// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// A PostgreSQL 15 server of a test's own: on a temporary folder, a unix socket and a free
/// loopback port; it is removed at the end.
package final class PostgresCluster: Sendable {
    private static let programs = "/usr/lib/postgresql/15/bin"
    /// The server refuses to run as root.
    private static let account = "postgres"

    package let folder: URL
    package let port: Int

    /// Makes and starts a server.
    package init() throws {
        folder = URL(filePath: "/tmp/teller-pg-\(UInt64.random(in: .min ... .max))")
        port = try Self.freePort()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        if Self.isRoot {
            try TestProcess.runChecked(["chown", Self.account, folder.path])
        }
        try run([
            "\(Self.programs)/initdb", "-D", data, "-A", "trust", "-U", "teller",
            "--locale=C.UTF-8",
        ])
        try start()
    }

    deinit { remove() }

    /// A connection string for `database` over TCP, so that outages look like real ones.
    package func connectionString(_ database: String) -> String {
        "postgres://teller@127.0.0.1:\(port)/\(database)"
    }

    /// Makes an empty database; its connection string.
    package func makeDatabase() throws -> String {
        let name = "t\(UInt64.random(in: .min ... .max))"
        try run([
            "\(Self.programs)/createdb", "-h", "127.0.0.1", "-p", "\(port)", "-U", "teller", name,
        ])
        return connectionString(name)
    }

    /// Runs SQL with psql and returns what it prints, unaligned.
    @discardableResult
    package func sql(_ sql: String, in connectionString: String) throws -> String {
        try run([
            "\(Self.programs)/psql", connectionString, "-v", "ON_ERROR_STOP=1", "-Atqc", sql,
        ]).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    package func start() throws {
        let settings =
            "-p \(port) -k \(folder.path) -c listen_addresses=127.0.0.1 -c max_connections=1000"
        try run([
            "\(Self.programs)/pg_ctl", "-D", data, "-o", settings, "-l", "\(folder.path)/log",
            "-w", "-t", "60", "start",
        ])
    }

    package enum StopMode: String, Sendable {
        /// Clients are cut off, commits are finished.
        case fast
        /// As a power failure: nothing is finished.
        case immediate
    }

    package func stop(_ mode: StopMode = .fast) throws {
        try run(["\(Self.programs)/pg_ctl", "-D", data, "-m", mode.rawValue, "-w", "stop"])
    }

    /// Halts every process of the server where it stands: connections stay open, and nothing is
    /// answered until `resume`.
    package func hang() throws {
        let postmaster = try processes()[0]
        kill(postmaster, SIGSTOP)
        // It makes no more children now.
        for process in try processes().dropFirst() { kill(process, SIGSTOP) }
    }

    /// Ends a `hang`; idempotent.
    package func resume() throws {
        for process in try processes() { kill(process, SIGCONT) }
    }

    /// The postmaster and its children.
    private func processes() throws -> [pid_t] {
        let file = try String(contentsOfFile: "\(data)/postmaster.pid", encoding: .utf8)
        guard let postmaster = file.split(separator: "\n").first.flatMap({ pid_t($0) }) else {
            throw TestProcess.Failure(description: "no process id in \(file)")
        }
        let children = try String(
            contentsOfFile: "/proc/\(postmaster)/task/\(postmaster)/children", encoding: .utf8)
        return [postmaster] + children.split(separator: " ").compactMap { pid_t($0) }
    }

    /// Stops the server and removes its files; idempotent.
    package func remove() {
        try? resume()
        try? stop(.immediate)
        try? FileManager.default.removeItem(at: folder)
    }

    private var data: String { folder.path + "/data" }

    private static var isRoot: Bool { NSUserName() == "root" }

    /// Foundation tells that a process has ended by a descriptor which the server would inherit and
    /// keep open, so Python stands between: it closes every descriptor but the standard ones.
    private static let closingDescriptors = """
        import subprocess, sys
        output = open(sys.argv[1], 'w')
        sys.exit(subprocess.call(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=output,
                                 stderr=subprocess.STDOUT))
        """

    @discardableResult
    private func run(_ arguments: [String]) throws -> String {
        let output = "\(folder.path)/output-\(UInt64.random(in: .min ... .max))"
        defer { try? FileManager.default.removeItem(atPath: output) }
        let prefix = Self.isRoot ? ["runuser", "-u", Self.account, "--"] : []
        let outcome = try TestProcess.run(
            prefix + ["python3", "-c", Self.closingDescriptors, output] + arguments,
            in: URL(filePath: "/tmp"))
        let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
        guard outcome.status == 0 else {
            throw TestProcess.Failure(
                description: "\(arguments[0]) failed (\(outcome.status)): \(text)\(outcome.output)")
        }
        return text
    }

    private static func freePort() throws -> Int {
        let script =
            "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"
        let outcome = try TestProcess.run(["python3", "-c", script])
        guard let port = Int(outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw TestProcess.Failure(description: "no free port: \(outcome.output)")
        }
        return port
    }
}
