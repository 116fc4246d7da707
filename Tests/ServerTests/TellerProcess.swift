// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TellerClient
import TellerProtocol
import TestSupport
import Testing

/// Where a server under test keeps its ledger.
enum ServerStore: String, CaseIterable, CustomTestStringConvertible {
    case sqlite, postgres

    var testDescription: String { rawValue }
}

/// The real `teller` program, in a folder of its own.
final class TellerProcess {
    /// The program beside the test bundle.
    static let program = URL(filePath: CommandLine.arguments[0])
        .deletingLastPathComponent().appending(path: "teller").path

    /// How long a start may take on a busy machine.
    private static let startTimeout: Duration = .seconds(30)

    let folder: URL
    let store: String
    private(set) var port: Int
    private let arguments: [String]
    private var process: Process?
    private var starts = 0

    /// - Parameters:
    ///   - settings: `key=value` configuration beyond store and address.
    ///   - cluster: where a PostgreSQL store lies; nil for the one all tests share.
    ///   - sharing: another instance whose store this one works on; nil for a store of its own.
    ///   - password: stands in PostgreSQL's connection string, though nobody asks for it.
    init(
        _ kind: ServerStore = .sqlite, settings: [String] = [], cluster: PostgresCluster? = nil,
        sharing other: TellerProcess? = nil, password: String? = nil
    ) throws {
        folder = URL(filePath: "/tmp/teller-server-\(UInt64.random(in: .min ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        store =
            switch kind {
            case _ where other != nil: other?.store ?? ""
            case .sqlite: "sqlite:\(folder.path)/ledger.sqlite"
            case .postgres:
                try (cluster ?? SharedCluster.get()).makeDatabase().replacing(
                    "//teller@", with: "//teller\(password.map { ":\($0)" } ?? "")@")
            }
        arguments = settings.flatMap { ["--set", $0] }
        port = 0
        try start()
    }

    /// - Parameter location: where its store lies.
    init(location: String, settings: [String] = []) throws {
        folder = URL(filePath: "/tmp/teller-server-\(UInt64.random(in: .min ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        store = location
        arguments = settings.flatMap { ["--set", $0] }
        port = 0
        try start()
    }

    deinit {
        kill(SIGKILL)
        try? FileManager.default.removeItem(at: folder)
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// What the present or last process has written to standard error.
    var log: String { (try? String(contentsOf: logFile, encoding: .utf8)) ?? "" }

    private var logFile: URL { folder.appending(path: "log-\(starts)") }

    /// Starts the program, on the same port as before if there was one, and waits until it serves.
    func start() throws {
        starts += 1
        _ = FileManager.default.createFile(atPath: logFile.path, contents: nil)
        let process = Process()
        process.executableURL = URL(filePath: Self.program)
        process.arguments =
            ["serve", "--listen", "127.0.0.1:\(port)", "--store", store] + arguments
        process.environment = ["PATH": "/usr/bin:/bin"]
        process.standardOutput = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: logFile)
        try process.run()
        self.process = process
        let end = ContinuousClock.now + Self.startTimeout
        while true {
            if let bound = Self.port(in: log) {
                port = bound
                return
            }
            guard process.isRunning, ContinuousClock.now < end else {
                throw TestProcess.Failure(description: "the server did not start: \(log)")
            }
            usleep(10_000)
        }
    }

    /// `… serving ports=[8700]`, or `…"ports":"[8700]"…`.
    private static func port(in log: String) -> Int? {
        guard let start = log.range(of: "ports=[") ?? log.range(of: #""ports":"["#),
            let end = log[start.upperBound...].firstIndex(of: "]")
        else { return nil }
        return Int(log[start.upperBound..<end])
    }

    /// nil before the first start.
    var processIdentifier: pid_t? { process?.processIdentifier }

    /// Whether it has not ended, whoever ends it.
    var isRunning: Bool { process?.isRunning == true }

    /// Sends a signal; after SIGKILL it waits for the end.
    func kill(_ signal: Int32) {
        guard let process, process.isRunning else { return }
        Foundation.kill(process.processIdentifier, signal)
        if signal == SIGKILL { process.waitUntilExit() }
    }

    /// What the process holds in memory at the moment.
    var residentKiB: Int {
        guard let process,
            let status = try? String(
                contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") })
        else { return 0 }
        return line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0
    }

    /// Waits for the process to end; its exit code.
    func waitForExit() -> Int32 {
        process?.waitUntilExit()
        return process?.terminationStatus ?? -1
    }

    /// The memory the process holds now (`VmRSS`, proc_pid_status(5)).
    func residentBytes() throws -> Int {
        let identifier = process?.processIdentifier ?? 0
        let status = try String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
        let kibibytes = line.split(separator: " ").compactMap { Int($0) }.first
        return try #require(kibibytes) * 1024
    }

    func client(_ configure: (inout ClientConfiguration) -> Void = { _ in }) throws -> TellerClient
    {
        var configuration = ClientConfiguration(endpoint: url)
        configure(&configuration)
        return try TellerClient(configuration: configuration)
    }

    /// Runs the program's other commands.
    static func command(
        _ arguments: [String], environment: [String] = []
    ) throws -> TestProcess.Outcome {
        try TestProcess.run(["-i", "PATH=/usr/bin:/bin"] + environment + [program] + arguments)
    }

    /// Posts a body with curl and nothing but `-d`; status and body.
    func post(_ body: String, _ extra: [String] = []) throws -> (status: Int, body: String) {
        let outcome = try TestProcess.runChecked(
            ["curl", "-sS", "-m", "20", "-w", "\n%{http_code}", "-d", body] + extra
                + ["\(url)/rpc"])
        let lines = outcome.split(separator: "\n", omittingEmptySubsequences: false)
        return (Int(lines.last ?? "") ?? 0, lines.dropLast().joined(separator: "\n"))
    }
}

/// One PostgreSQL server for all tests of the process; it goes when the process does.
enum SharedCluster {
    private static let cluster = Result {
        let cluster = try PostgresCluster()
        atexit { (try? SharedCluster.get())?.remove() }
        return cluster
    }

    static func get() throws -> PostgresCluster { try cluster.get() }
}

/// Values of the tests.
enum Sample {
    static let destination = "UQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPuwA"

    static func account(_ name: String) -> AccountID {
        guard let account = AccountID(name) else { preconditionFailure(name) }
        return account
    }

    static func amount(_ nanotons: Int64) -> Nanotons {
        guard let amount = Nanotons(nanotons) else { preconditionFailure("\(nanotons)") }
        return amount
    }

    static func key(_ text: String) -> IdempotencyKey {
        guard let key = IdempotencyKey(text) else { preconditionFailure(text) }
        return key
    }
}

/// Tries `body` until it is true, for `seconds` at the most.
func eventually(
    within seconds: Int = 10, _ body: () async throws -> Bool
) async throws -> Bool {
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end {
        if (try? await body()) == true { return true }
        try await Task.sleep(for: .milliseconds(20))
    }
    return false
}

/// A value that several tasks of a test change.
final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }

    func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        value.withLock { value in body(&value) }
    }
}
