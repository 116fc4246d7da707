// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import TONChain

@Suite struct TransactionWalkTests {
    /// An account's history with random gaps, oldest first.
    private static func history(_ count: Int, seed: UInt64 = 1) -> [TransactionRow] {
        var random = SeededRandom(seed: seed)
        var lt: UInt64 = 0
        return (0..<count).map { index in
            lt += .random(in: 1...9, using: &random)
            return TransactionRow(
                reference: TransactionReference(
                    lt: lt, hash: (0..<32).map { _ in .random(in: .min ... .max, using: &random) }),
                time: Int64(index), boc: [1, 2, 3, 4])
        }
    }

    /// A page as servers give it.
    private static func page(
        _ history: [TransactionRow], _ next: TransactionReference, _ rowsMax: Int
    ) -> [TransactionRow] {
        Array(history.reversed().drop { $0.reference != next }.prefix(rowsMax))
    }

    private static func walk(
        _ history: [TransactionRow], downTo cursor: Int?, pageRows: Int,
        rowsMax: Int = TransactionWalk.rowsMax, bytesMax: Int = TransactionWalk.bytesMax
    ) throws -> TransactionWalk {
        var walk = try TransactionWalk(
            from: #require(history.last).reference, downTo: cursor.map { history[$0].reference },
            rowsMax: rowsMax, bytesMax: bytesMax)
        var takes = 0
        while !walk.isDone {
            try walk.take(page(history, walk.next, pageRows), rowsMax: pageRows)
            takes += 1
            #expect(takes < 1_000)
        }
        return walk
    }

    @Test func `every row down to the cursor comes once, oldest first, for any page and cursor`()
        throws
    {
        for count in 1...25 {
            let history = Self.history(count, seed: UInt64(count))
            for pageRows in [2, 3, 7, 100] {
                for cursor in [nil] + (0..<count).map({ Optional($0) }) {
                    let walk = try Self.walk(history, downTo: cursor, pageRows: pageRows)
                    #expect(walk.rows == Array(history[((cursor ?? -1) + 1)...]) && walk.isWhole)
                }
            }
        }
    }

    @Test func `a burst of 10,000 is one walk, and what is too much is dropped at the newest end`()
        throws
    {
        let history = Self.history(10_001)
        let whole = try Self.walk(history, downTo: 0, pageRows: 100)
        #expect(whole.rows.count == 10_000 && whole.isWhole && whole.pagesRead == 102)
        let part = try Self.walk(history, downTo: 0, pageRows: 100, rowsMax: 1_000)
        #expect(part.rows.count <= 1_000 && part.rows.count > 900 && !part.isWhole)
        #expect(part.rows == Array(history[1...part.rows.count]))
        #expect(part.rows.count + part.droppedRows == 10_000)
        let small = try Self.walk(history, downTo: 0, pageRows: 100, bytesMax: 2_000)
        #expect(small.rows == Array(history[1...small.rows.count]) && small.rows.count <= 500)
    }

    @Test func `nothing is asked for when the newest is the cursor`() throws {
        let history = Self.history(3)
        let walk = try Self.walk(history, downTo: 2, pageRows: 100)
        #expect(walk.isDone && walk.rows == [] && walk.pagesRead == 0)
    }

    @Test func `a state that is older than the cursor, or differs there, begins no walk`() {
        let history = Self.history(3)
        #expect(throws: TransactionWalk.Fault.self) {
            try TransactionWalk(from: history[0].reference, downTo: history[1].reference)
        }
        let other = TransactionReference(
            lt: history[1].reference.lt, hash: [UInt8](repeating: 9, count: 32))
        #expect(throws: TransactionWalk.Fault.self) {
            try TransactionWalk(from: history[1].reference, downTo: other)
        }
    }

    @Test func `a page that contradicts the walk is refused, and the walk goes on after it`() throws
    {
        let history = Self.history(12)
        var walk = try TransactionWalk(
            from: history[11].reference, downTo: history[1].reference)
        try walk.take(Self.page(history, walk.next, 4), rowsMax: 4)
        let right = Self.page(history, walk.next, 20)
        var swapped = right
        swapped.swapAt(2, 3)
        var repeated = right
        repeated.insert(right[2], at: 2)
        let lacking = right.filter { $0.reference != history[1].reference }
        var other = right
        let cursorAt = try #require(right.firstIndex { $0.reference == history[1].reference })
        other[cursorAt] = TransactionRow(
            reference: TransactionReference(
                lt: history[1].reference.lt, hash: [UInt8](repeating: 9, count: 32)), time: 0,
            boc: [1])
        let wrong = [[], Array(right.dropFirst()), swapped, repeated, lacking, other]
        for page in wrong {
            #expect(throws: TransactionWalk.Fault.self) { try walk.take(page, rowsMax: 20) }
            #expect(!walk.isDone && walk.pagesRead == 1)
        }
        try walk.take(right, rowsMax: 20)
        #expect(walk.isDone && walk.rows == Array(history[2...]))
    }

    @Test func `an end that comes early is asked about with all history, and then refused`() throws
    {
        let history = Self.history(6)
        // This server has forgotten the three oldest.
        let kept = Array(history[3...])
        var walk = try TransactionWalk(from: history[5].reference, downTo: history[1].reference)
        try walk.take(Self.page(kept, walk.next, 100), rowsMax: 100)
        #expect(!walk.isDone && walk.isArchival)
        #expect(throws: TransactionWalk.Fault.self) {
            try walk.take(Self.page(kept, walk.next, 100), rowsMax: 100)
        }
        try walk.take(Self.page(history, walk.next, 100), rowsMax: 100)
        #expect(walk.isDone && walk.rows == Array(history[2...]))
    }
}
