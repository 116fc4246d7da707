// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Kills a process that withdraws money, again and again.
@Suite(.timeLimit(.minutes(5))) struct JournalCrashTests {
    private static let kills = 1_000
    private static let lanes = 2

    @Test func `a thousand kills never give a business a second key`() async throws {
        var random = SeededRandom(seed: UInt64.random(in: 0 ... .max))
        print("seed", random.seed)
        let seeds = (0..<Self.lanes).map { _ in random.next() }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for seed in seeds {
                group.addTask { try await Self.onThread { try Self.runLane(seed: seed) } }
            }
            var businesses = 0
            for try await count in group { businesses += count }
            print("businesses", businesses)
            #expect(businesses > Self.kills)
        }
    }

    /// Waiting for processes would keep a thread from all other tests' tasks.
    private static func onThread<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
        }
    }

    /// - Returns: How many businesses were done.
    private static func runLane(seed: UInt64) throws -> Int {
        var random = SeededRandom(seed: seed)
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("teller-journal-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for _ in 0..<kills / lanes {
            try killOnce(folder, &random)
        }
        return try check(folder)
    }

    private static func killOnce(_ folder: URL, _ random: inout SeededRandom) throws {
        let process = Process()
        process.executableURL = crasher
        process.arguments = [folder.path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        // Most kills come while it withdraws, some while it starts and recovers.
        if random.next() % 4 != 0 {
            let line = output.fileHandleForReading.availableData
            #expect(line == Data("ready\n".utf8), "\(String(decoding: line, as: UTF8.self))")
            usleep(UInt32(random.next() % 12_000))
        } else {
            usleep(UInt32(random.next() % 40_000))
        }
        #expect(process.isRunning, "it ends only by being killed")
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Next to the test bundle.
    private static let crasher = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("JournalCrasher")

    private static func check(_ folder: URL) throws -> Int {
        var keys: [Substring: Set<Substring>] = [:]
        var businesses: [Substring: Set<Substring>] = [:]
        let sent = try String(contentsOf: folder.appendingPathComponent("sent"), encoding: .utf8)
        for line in sent.split(separator: "\n") {
            let words = line.split(separator: " ")
            try #require(words.count == 2)
            keys[words[0], default: []].insert(words[1])
            businesses[words[1], default: []].insert(words[0])
        }
        let doubled = keys.filter { $0.value.count > 1 }
        #expect(doubled.isEmpty, "\(doubled.prefix(3))")
        #expect(businesses.allSatisfy { $0.value.count == 1 })
        // No number is skipped: whatever was begun has been sent.
        for worker in 0..<4 {
            let numbers = keys.keys.filter { $0.hasPrefix("\(worker)-") }
                .compactMap { Int($0.dropFirst(2)) }
            #expect(numbers.count == numbers.max() ?? 0)
        }
        return keys.count
    }
}
