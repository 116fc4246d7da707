// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import NIOPosix
import Synchronization

/// A key journal in one file.
///
/// `begin` returns after the entry has been written and fsynced; entries that come in while the
/// disk is busy share the next write. The file is rewritten when most of it is history, and when
/// it is opened. One process at a time has it open. A write torn by a crash is dropped (nobody has
/// sent its keys yet); damage to what was durable is an error.
public final class FileKeyJournal: KeyJournal {
    public struct Limits: Sendable {
        /// Calls without an outcome; more are refused.
        public var pendingMax = 10_000
        /// Bytes of one call's params.
        public var paramsBytesMax = 64 * 1024
        /// A file smaller than this is not rewritten.
        public var compactionBytesMin: Int64 = 1 << 20

        public init() {}
    }

    private typealias Waiter = CheckedContinuation<Result<Void, JournalError>, Never>

    private struct State {
        /// Durable entries by number, and their numbers.
        var pending: [Int64: JournalEntry] = [:]
        var numbers: [JournalEntry: Int64] = [:]
        var nextNumber: Int64 = 1
        var beginning: [(JournalRecord.Begun, Waiter)] = []
        var completed: [Int64] = []
        var isWriting = false
        /// Why nothing more is accepted. After a failed fsync nobody knows what is durable.
        var failure: JournalError?

        /// A durable entry is pending now, once however often it was begun.
        mutating func add(_ begun: JournalRecord.Begun) {
            guard numbers[begun.entry] == nil else { return completed.append(begun.number) }
            pending[begun.number] = begun.entry
            numbers[begun.entry] = begun.number
        }
    }

    private let limits: Limits
    private let state: Mutex<State>
    /// Locked by the one thread of `thread`, which waits for the disk; nobody else wants it.
    private let disk: Mutex<JournalDisk>
    private let thread = NIOThreadPool(numberOfThreads: 1)

    /// Opens the journal at `path`, making it when there is none; its folder must exist. Blocks
    /// for as long as the disk takes.
    ///
    /// - Throws: `inUse`, `corrupt` or `io`.
    public init(path: String, limits: Limits = Limits()) throws(JournalError) {
        self.limits = limits
        var file = try JournalFile.open(path: path)
        let contents = try JournalContents(file.readAll())
        try file.replace(
            with: JournalRecord(durableBytes: 0, begun: contents.pending).line)
        var state = State()
        state.nextNumber = contents.nextNumber
        for begun in contents.pending { state.add(begun) }
        self.state = Mutex(state)
        let size = file.bytes
        disk = Mutex(JournalDisk(file: file, durableBytes: size, compactBytes: size))
        thread.start()
    }

    deinit { thread.shutdownGracefully { _ in } }

    public func begin(_ entry: JournalEntry) async throws(JournalError) {
        let result = await withCheckedContinuation { waiter in
            let answer = state.withLock { state -> Result<Void, JournalError>? in
                if let failure = state.failure { return .failure(failure) }
                if state.numbers[entry] != nil { return .success(()) }
                guard entry.params.count <= limits.paramsBytesMax else {
                    return .failure(JournalError(.full, "the params are too large"))
                }
                guard state.pending.count + state.beginning.count < limits.pendingMax else {
                    return .failure(JournalError(.full, "too many calls without an outcome"))
                }
                let begun = JournalRecord.Begun(number: state.nextNumber, entry: entry)
                state.nextNumber += 1
                state.beginning.append((begun, waiter))
                return nil
            }
            if let answer { waiter.resume(returning: answer) } else { startWriting() }
        }
        try result.get()
    }

    public func complete(_ entry: JournalEntry) async {
        let isKnown = state.withLock { state in
            guard let number = state.numbers.removeValue(forKey: entry) else { return false }
            state.pending[number] = nil
            state.completed.append(number)
            return true
        }
        if isKnown { startWriting() }
    }

    public func pending() async -> [JournalEntry] {
        state.withLock { state in
            state.pending.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    // MARK: Writing

    private func startWriting() {
        let mustStart = state.withLock { state in
            defer { state.isWriting = true }
            return !state.isWriting
        }
        guard mustStart else { return }
        thread.submit { [self] _ in
            while let record = nextRecord() { write(record.0, record.1) }
        }
    }

    /// All that waits to be written; nil, and no longer writing, when there is nothing.
    private func nextRecord() -> (JournalRecord, [Waiter])? {
        state.withLock { state in
            guard state.failure == nil, !state.beginning.isEmpty || !state.completed.isEmpty else {
                state.isWriting = false
                return nil
            }
            defer {
                state.beginning = []
                state.completed = []
            }
            let record = JournalRecord(
                durableBytes: 0, begun: state.beginning.map(\.0), completed: state.completed)
            return (record, state.beginning.map(\.1))
        }
    }

    private func write(_ record: JournalRecord, _ waiters: [Waiter]) {
        let result = disk.withLock { disk -> Result<Void, JournalError> in
            do throws(JournalError) {
                try disk.write(record)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        let abandoned = state.withLock { state -> [Waiter] in
            switch result {
            case .success:
                for begun in record.begun {
                    state.add(begun)
                }
                return []
            case .failure(let error):
                state.failure = error
                defer { state.beginning = [] }
                return state.beginning.map(\.1)
            }
        }
        for waiter in waiters + abandoned { waiter.resume(returning: result) }
        if case .success = result { compactIfWorthwhile() }
    }

    private func compactIfWorthwhile() {
        disk.withLock { disk in
            guard disk.file.bytes > limits.compactionBytesMin,
                disk.file.bytes > 4 * disk.compactBytes
            else { return }
            let begun = state.withLock { state in
                state.pending.sorted { $0.key < $1.key }
                    .map { JournalRecord.Begun(number: $0.key, entry: $0.value) }
            }
            do throws(JournalError) {
                try disk.rewrite(JournalRecord(durableBytes: 0, begun: begun))
            } catch {
                state.withLock { $0.failure = error }
            }
        }
    }
}

/// The file with what is known of its bytes.
private struct JournalDisk: ~Copyable {
    var file: JournalFile
    var durableBytes: Int64
    /// Bytes of the file after it was last rewritten.
    var compactBytes: Int64

    /// Appends `record`, and waits until it is durable when it begins calls. Completions may be
    /// lost: they cost a replay.
    mutating func write(_ record: JournalRecord) throws(JournalError) {
        var record = record
        record.durableBytes = durableBytes
        do throws(JournalError) {
            try file.append(record.line)
            guard !record.begun.isEmpty else { return }
            try file.sync()
            durableBytes = file.bytes
        } catch {
            // The callers hear that nothing is sent, so the next start must not send it.
            file.cut(to: durableBytes)
            throw error
        }
    }

    mutating func rewrite(_ record: JournalRecord) throws(JournalError) {
        try file.replace(with: record.line)
        durableBytes = file.bytes
        compactBytes = file.bytes
    }
}
