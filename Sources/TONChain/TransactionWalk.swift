// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The way from an account's newest transaction back to one that was read before, page by page.
///
/// ```
///   newest ──page──► ──page──► … ──page──► cursor        read in this direction
///                        rows kept: ◄────────────        used in this one, oldest first
/// ```
///
/// Servers give pages newest first, and a page begins with the transaction that was asked for; so
/// each page after the first repeats a row, which is dropped here. Nothing can be used before the
/// cursor is reached, for what is used comes oldest first. So the rows are kept in memory, at most
/// `rowsMax` and about `bytesMax` of them: when there are more, the newest are dropped, and what is
/// left at the end is whole from the cursor on. Whoever has used that walks again, to a cursor that
/// is further on. A burst of 10,000 is one walk of 102 pages.
///
/// It is a value: a walk that failed half-way goes on where it is.
///
/// Checked are the order of the rows, the joints of the pages and the cursor. Whether each
/// transaction names the one before as its predecessor only who parses them can see, and must.
package struct TransactionWalk: Sendable {
    /// What a server says of the history that can't be.
    package struct Fault: Error, Equatable {
        package let problem: String
    }

    /// Rows kept; some 20 MB of transfers.
    package static let rowsMax = 20_000
    /// Bytes of BOCs kept, but for one page, which is always kept.
    package static let bytesMax = 64 << 20

    /// The transaction that it ends before; nil for the account's beginning.
    package let cursor: TransactionReference?
    /// Whether all rows have been read.
    package private(set) var isDone: Bool
    /// Newer rows that were dropped for want of room.
    package private(set) var droppedRows = 0
    /// Pages read.
    package private(set) var pagesRead = 0
    /// What the next page is to begin with.
    private(set) var next: TransactionReference
    /// Whether a node that keeps all history has to be asked: the one that was asked ended early.
    private(set) var isArchival = false
    /// Newest first, both the pages and their rows.
    private var pages: [[TransactionRow]] = []
    private let rowsMax: Int
    private let bytesMax: Int

    /// - Parameters:
    ///   - newest: Of the account's state; the first to be read.
    ///   - cursor: The newest that was read before.
    /// - Throws: when the cursor is newer: the state is older than what was read.
    package init(
        from newest: TransactionReference, downTo cursor: TransactionReference?,
        rowsMax: Int = rowsMax, bytesMax: Int = bytesMax
    ) throws(Fault) {
        if let cursor, newest.lt < cursor.lt {
            throw Fault(problem: "its newest transaction is older than one that was read before")
        }
        if let cursor, newest.lt == cursor.lt, newest.hash != cursor.hash {
            throw Fault(problem: "it has another transaction at the cursor's lt")
        }
        self.cursor = cursor
        self.rowsMax = rowsMax
        self.bytesMax = bytesMax
        next = newest
        isDone = newest == cursor
    }

    /// The rows from the cursor on, oldest first, without the cursor itself.
    package var rows: [TransactionRow] { pages.reversed().flatMap { $0.reversed() } }

    /// Whether no newer ones were dropped.
    package var isWhole: Bool { droppedRows == 0 }

    /// Takes the page that begins with `next`. After a fault the walk is as it was.
    ///
    /// - Parameter rowsMax: What the page was asked to hold at the most; above 1.
    mutating func take(_ page: [TransactionRow], rowsMax: Int) throws(Fault) {
        guard let last = page.last, page[0].reference == next else {
            throw Fault(problem: "a page does not begin with the transaction it was asked for")
        }
        guard zip(page, page.dropFirst()).allSatisfy({ $0.reference.lt > $1.reference.lt }) else {
            throw Fault(problem: "a page's transactions are not in order")
        }
        let fresh = pagesRead == 0 ? page[...] : page.dropFirst()
        let newer = fresh.prefix { cursor == nil || $0.reference.lt > (cursor?.lt ?? 0) }
        if newer.count < fresh.count {
            guard fresh[newer.endIndex].reference == cursor else {
                throw Fault(problem: "its history lacks the transaction that was read before")
            }
            isDone = true
        } else if page.count == 1 {
            // There is nothing before it, unless this node has just not kept it.
            guard isArchival else { return isArchival = true }
            guard cursor == nil else {
                throw Fault(problem: "its history ends before the transaction that was read before")
            }
            isDone = true
        }
        if page.count < rowsMax { isArchival = true }
        next = last.reference
        pagesRead += 1
        keep(Array(newer))
    }

    private mutating func keep(_ rows: [TransactionRow]) {
        if !rows.isEmpty { pages.append(rows) }
        while pages.count > 1, isTooMuch {
            droppedRows += pages[0].count
            pages.removeFirst()
        }
    }

    private var isTooMuch: Bool {
        pages.reduce(0) { $0 + $1.count } > rowsMax
            || pages.reduce(0) { $0 + $1.reduce(0) { $0 + $1.boc.count } } > bytesMax
    }
}
