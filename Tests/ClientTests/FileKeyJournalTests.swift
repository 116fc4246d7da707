// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerClient
import TellerProtocol
import TestSupport
import Testing

@Suite struct FileKeyJournalTests {
    private func withFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("teller-journal-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder)
    }

    private func entry(_ number: Int) throws -> JournalEntry {
        JournalEntry(
            method: "withdraw.create", key: try #require(IdempotencyKey("key \(number)")),
            params: Array("{\"number\":\n\(number),\"text\":\"ä\\u0000\"}".utf8))
    }

    /// Opens the journal at `path` and runs `body`.
    private func withJournal<Value>(
        _ path: String, _ limits: FileKeyJournal.Limits = .init(),
        _ body: (FileKeyJournal) async throws -> Value
    ) async throws -> Value {
        // The thread that wrote may hold a former journal a moment longer than its last caller.
        var attempts = 0
        while true {
            do {
                return try await body(try FileKeyJournal(path: path, limits: limits))
            } catch let error as JournalError {
                attempts += 1
                guard error.code == .inUse, attempts < 1_000 else { throw error }
                try await Task.sleep(for: .milliseconds(1))
            }
        }
    }

    @Test func `entries outlive the process in order, completed ones do not`() async throws {
        try await withFolder { folder in
            let path = folder.appendingPathComponent("journal").path
            try await withJournal(path) { journal in
                for number in 1...5 { try await journal.begin(entry(number)) }
                await journal.complete(try entry(2))
                await journal.complete(try entry(5))
                try await journal.begin(entry(6))
                try await journal.begin(entry(6))
            }
            let expected = try [1, 3, 4, 6].map { try entry($0) }
            for _ in 0..<2 {
                let pending = try await withJournal(path) { await $0.pending() }
                #expect(pending == expected)
            }
        }
    }

    @Test func `an entry is in the file when begin returns`() async throws {
        try await withFolder { folder in
            let path = folder.appendingPathComponent("journal").path
            try await withJournal(path) { journal in
                try await journal.begin(entry(1))
                let copy = folder.appendingPathComponent("copy")
                try Data(contentsOf: URL(filePath: path)).write(to: copy)
                let pending = try await withJournal(copy.path) { await $0.pending() }
                #expect(pending == [try entry(1)])
            }
        }
    }

    @Test func `a file cut at any byte opens with a prefix of its entries`() async throws {
        try await withFolder { folder in
            let path = folder.appendingPathComponent("journal").path
            try await withJournal(path) { journal in
                for number in 1...3 { try await journal.begin(entry(number)) }
                await journal.complete(try entry(1))
                try await journal.begin(entry(4))
            }
            let whole = try Data(contentsOf: URL(filePath: path))
            let all = try (1...4).map { try entry($0) }
            var seen: Set<Int> = []
            for count in 0...whole.count {
                let cut = folder.appendingPathComponent("cut-\(count)")
                try whole.prefix(count).write(to: cut)
                let pending = try await withJournal(cut.path) { await $0.pending() }
                let isPrefix = pending == Array(all.prefix(pending.count))
                let isTail = pending == Array(all.dropFirst().prefix(pending.count))
                #expect(isPrefix || isTail)
                seen.insert(pending.count)
                // It can be written to afterwards.
                if count % 50 == 0 {
                    try await withJournal(cut.path) { try await $0.begin(entry(9)) }
                    let more = try await withJournal(cut.path) { await $0.pending() }
                    #expect(more == pending + [try entry(9)])
                }
            }
            #expect(seen == [0, 1, 2, 3])
        }
    }

    @Test func `damage to what was durable is an error, damage at the end is a torn write`()
        async throws
    {
        try await withFolder { folder in
            let path = folder.appendingPathComponent("journal").path
            try await withJournal(path) { journal in
                for number in 1...3 { try await journal.begin(entry(number)) }
            }
            let whole = try Data(contentsOf: URL(filePath: path))
            let lastLine = try #require(whole.dropLast().lastIndex(of: UInt8(ascii: "\n")))
            // Without the line feed before it the last line is no line: also like a torn write.
            for index in whole.indices where index != lastLine {
                var damaged = whole
                damaged[index] ^= 0x01
                let file = folder.appendingPathComponent("damaged-\(index)")
                try damaged.write(to: file)
                if index > lastLine {
                    let pending = try await withJournal(file.path) { await $0.pending() }
                    #expect(pending == [try entry(1), try entry(2)])
                } else {
                    let error = #expect(throws: JournalError.self) {
                        try FileKeyJournal(path: file.path)
                    }
                    #expect(error?.code == .corrupt)
                }
            }
        }
    }

    @Test func `one process at a time has it open`() async throws {
        try await withFolder { folder in
            let path = folder.appendingPathComponent("journal").path
            try await withJournal(path) { _ in
                let error = #expect(throws: JournalError.self) {
                    try FileKeyJournal(path: path)
                }
                #expect(error?.code == .inUse)
            }
        }
    }

    @Test func `the file stays small however many calls are settled`() async throws {
        try await withFolder { folder in
            let path = folder.appendingPathComponent("journal").path
            var limits = FileKeyJournal.Limits()
            limits.compactionBytesMin = 10_000
            try await withJournal(path, limits) { journal in
                try await journal.begin(entry(0))
                for number in 1...500 {
                    try await journal.begin(entry(number))
                    await journal.complete(try entry(number))
                }
            }
            let pending = try await withJournal(path) { await $0.pending() }
            #expect(pending == [try entry(0)])
            let size = try Data(contentsOf: URL(filePath: path)).count
            #expect(size < 12_000)
        }
    }

    @Test func `entries of many tasks share writes and all are kept`() async throws {
        try await withFolder { folder in
            let path = folder.appendingPathComponent("journal").path
            try await withJournal(path) { journal in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<300 {
                        let entry = try entry(number)
                        group.addTask {
                            try await journal.begin(entry)
                            if number % 3 == 0 { await journal.complete(entry) }
                        }
                    }
                    try await group.waitForAll()
                }
            }
            let pending = try await withJournal(path) { await $0.pending() }
            let expected = try (0..<300).filter { $0 % 3 != 0 }.map { try entry($0) }
            #expect(Set(pending) == Set(expected))
        }
    }

    @Test func `an entry begun many times at once is pending once`() async throws {
        try await withFolder { folder in
            let path = folder.appendingPathComponent("journal").path
            let entry = try entry(1)
            try await withJournal(path) { journal in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<50 { group.addTask { try await journal.begin(entry) } }
                    try await group.waitForAll()
                }
                #expect(await journal.pending() == [entry])
                await journal.complete(entry)
                #expect(await journal.pending().isEmpty)
            }
            let pending = try await withJournal(path) { await $0.pending() }
            #expect(pending.isEmpty)
        }
    }

    @Test func `limits are refusals and leave the journal usable`() async throws {
        try await withFolder { folder in
            let path = folder.appendingPathComponent("journal").path
            var limits = FileKeyJournal.Limits()
            limits.pendingMax = 2
            limits.paramsBytesMax = 100
            try await withJournal(path, limits) { journal in
                try await journal.begin(entry(1))
                try await journal.begin(entry(2))
                var error = await #expect(throws: JournalError.self) {
                    try await journal.begin(entry(3))
                }
                #expect(error?.code == .full)
                await journal.complete(try entry(1))
                var large = try entry(4)
                large.params = Array(repeating: 0x20, count: 101)
                error = await #expect(throws: JournalError.self) {
                    try await journal.begin(large)
                }
                #expect(error?.code == .full)
                try await journal.begin(entry(3))
            }
        }
    }

    @Test func `a folder that does not exist is an error`() {
        let error = #expect(throws: JournalError.self) {
            try FileKeyJournal(path: "/nowhere/journal")
        }
        #expect(error?.code == .io)
    }
}
