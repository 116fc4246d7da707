// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// One step of an account: the message that came in, what it did, and the messages that went out.
///
/// Source: `Transaction` in TON's `crypto/block/block.tlb`. Only ordinary transactions are read;
/// the others happen to system contracts. Amounts are nanotons.
package struct Transaction: Sendable {
    /// The hash of the transaction's cell: its identity on the chain.
    package let hash: Hash256
    package let accountHash: Hash256
    package let lt: UInt64
    package let previousHash: Hash256
    /// 0 for the account's first transaction.
    package let previousLT: UInt64
    /// Unix seconds.
    package let now: UInt32
    package let statusBefore: AccountStatus
    package let statusAfter: AccountStatus
    package let incoming: Message?
    /// In the order they were sent in.
    package let outgoing: [Message]
    package let totalFees: UInt64
    package let phases: TransactionPhases

    /// - Throws: `CellError` when `root` is not an ordinary transaction.
    package init(_ root: Cell) throws(CellError) {
        var slice = try CellSlice(root)
        guard try slice.loadUInt(4) == 0b0111 else { throw .malformed("transaction") }
        hash = root.hash
        accountHash = try slice.loadHash()
        lt = try slice.loadUInt(64)
        previousHash = try slice.loadHash()
        previousLT = try slice.loadUInt(64)
        now = try slice.loadUInt32()
        let outgoingCount = Int(try slice.loadUInt(15))
        statusBefore = try AccountStatus(&slice)
        statusAfter = try AccountStatus(&slice)
        (incoming, outgoing) = try Self.loadMessages(
            try slice.loadReference(), outgoingCount: outgoingCount)
        totalFees = try slice.loadCoins()
        _ = try slice.loadOptionalReference()
        // The hashes of the account's state before and after.
        _ = try slice.loadReference()
        phases = try TransactionPhases(try slice.loadReference())
        try slice.expectEnd(of: "transaction")
    }

    private static func loadMessages(
        _ cell: Cell, outgoingCount: Int
    ) throws(CellError) -> (incoming: Message?, outgoing: [Message]) {
        var slice = try CellSlice(cell)
        var incoming: Message?
        if let cell = try slice.loadOptionalReference() { incoming = try Message(cell) }
        let entries = try CellDictionary.load(
            from: &slice, keyBits: 15, entriesMax: outgoingCount)
        guard entries.count == outgoingCount, slice.isAtEnd else {
            throw .malformed("outgoing messages")
        }
        var outgoing: [Message] = []
        outgoing.reserveCapacity(outgoingCount)
        for (index, entry) in entries.enumerated() {
            guard entry.key == UInt64(index) else { throw .malformed("outgoing messages") }
            var value = entry.value
            outgoing.append(try Message(try value.loadReference()))
        }
        return (incoming, outgoing)
    }

    /// By how much the transaction changed the account's balance.
    ///
    /// What came in, less all fees taken and all that went out with the fees for its way; the part
    /// of those fees that was taken at once is among `totalFees`.
    ///
    /// - Throws: `valueTooLarge` when it is beyond an `Int64`.
    package func balanceChange() throws(CellError) -> Int64 {
        var credit: UInt64 = 0
        var debit = totalFees
        var isOver = false
        func add(_ amount: UInt64, to sum: inout UInt64) {
            let (result, overflowed) = sum.addingReportingOverflow(amount)
            sum = result
            isOver = isOver || overflowed
        }
        if let header = incoming?.accountHeader {
            add(header.nanotons, to: &credit)
            add(header.routingFee, to: &credit)
        }
        for header in outgoing.lazy.compactMap(\.accountHeader) {
            add(header.nanotons, to: &debit)
            add(header.forwardFee, to: &debit)
            add(header.routingFee, to: &debit)
        }
        guard !isOver, let credited = Int64(exactly: credit), let debited = Int64(exactly: debit)
        else { throw .valueTooLarge }
        // Two numbers of 63 bits: their difference fits.
        return credited - debited
    }
}

package enum AccountStatus: UInt8, Sendable {
    case uninitialized = 0
    case frozen = 1
    case active = 2
    case nonexistent = 3

    fileprivate init(_ slice: inout CellSlice) throws(CellError) {
        guard let status = Self(rawValue: UInt8(truncatingIfNeeded: try slice.loadUInt(2))) else {
            throw .malformed("account status")
        }
        self = status
    }
}
