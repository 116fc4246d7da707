// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// What a journal's bytes say.
struct JournalContents {
    /// Begun and not completed, in the order begun.
    private(set) var pending: [JournalRecord.Begun] = []
    private(set) var nextNumber: Int64 = 1

    /// Reads a journal's whole file.
    ///
    /// - Throws: `corrupt` when a line that was durable once cannot be read.
    init(_ bytes: [UInt8]) throws(JournalError) {
        var durable: Int64 = 0
        var firstBroken: Int?
        var completed: Set<Int64> = []
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n"))
            if let end, let record = JournalRecord(line: bytes[start..<end]) {
                durable = max(durable, record.durableBytes)
                pending += record.begun
                completed.formUnion(record.completed)
            } else if firstBroken == nil {
                firstBroken = start
            }
            start = (end ?? bytes.count) + 1
        }
        if let firstBroken, firstBroken < durable {
            throw JournalError(
                .corrupt, "the journal is damaged at byte \(firstBroken) of \(bytes.count)")
        }
        nextNumber = (pending.map(\.number).max() ?? 0) + 1
        pending.removeAll { completed.contains($0.number) }
    }
}
