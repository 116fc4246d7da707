// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// What happened in an ordinary transaction, phase after phase.
///
/// Source: `trans_ord` in TON's `crypto/block/block.tlb`. Amounts are nanotons.
package struct TransactionPhases: Hashable, Sendable {
    /// nil when there was no storage phase.
    package let storage: Storage?
    /// nil when no message with a value came in.
    package let credit: Credit?
    package let compute: Compute
    /// nil when the contract didn't run or failed.
    package let action: Action?
    /// Whether what the contract did was taken back.
    package let isAborted: Bool
    /// nil unless the message was bounceable and the transaction aborted.
    package let bounce: Bounce?
    /// Whether the account was deleted.
    package let isDestroyed: Bool

    package struct Storage: Hashable, Sendable {
        package let feesCollected: UInt64
        package let feesDue: UInt64
    }

    package struct Credit: Hashable, Sendable {
        package let dueFeesCollected: UInt64
        package let nanotons: UInt64
    }

    package enum Compute: Hashable, Sendable {
        case skipped(SkipReason)
        case executed(Execution)
    }

    package enum SkipReason: Hashable, Sendable {
        case noState, badState, noGas, suspended
    }

    package struct Execution: Hashable, Sendable {
        package let isSuccess: Bool
        package let gasFees: UInt64
        package let gasUsed: UInt64
        package let exitCode: Int32
    }

    package struct Action: Hashable, Sendable {
        package let isSuccess: Bool
        package let isOutOfFunds: Bool
        package let resultCode: Int32
        package let actionCount: Int
        package let skippedActionCount: Int
        package let messageCount: Int
    }

    package enum Bounce: Hashable, Sendable {
        case negativeFunds, noFunds
        /// The message went back.
        case sent
    }

    /// - Throws: `CellError` when `cell` is not the description of an ordinary transaction.
    init(_ cell: Cell) throws(CellError) {
        var slice = try CellSlice(cell)
        guard try slice.loadUInt(4) == 0 else { throw .malformed("kind of transaction") }
        // Whether the credit came before the storage fees.
        try slice.skip(1)
        storage = try slice.loadBit() ? try Self.loadStorage(&slice) : nil
        credit = try slice.loadBit() ? try Self.loadCredit(&slice) : nil
        compute = try Self.loadCompute(&slice)
        action = try slice.loadOptionalReference().map(Self.readAction)
        isAborted = try slice.loadBit()
        bounce = try slice.loadBit() ? try Self.loadBounce(&slice) : nil
        isDestroyed = try slice.loadBit()
        try slice.expectEnd(of: "phases")
    }

    private static func loadStorage(_ slice: inout CellSlice) throws(CellError) -> Storage {
        let storage = Storage(
            feesCollected: try slice.loadCoins(), feesDue: try loadOptionalCoins(&slice))
        try skipStatusChange(&slice)
        return storage
    }

    private static func loadCredit(_ slice: inout CellSlice) throws(CellError) -> Credit {
        let credit = Credit(
            dueFeesCollected: try loadOptionalCoins(&slice), nanotons: try slice.loadCoins())
        // Extra currencies.
        _ = try slice.loadOptionalReference()
        return credit
    }

    private static func loadCompute(_ slice: inout CellSlice) throws(CellError) -> Compute {
        guard try slice.loadBit() else {
            switch try slice.loadUInt(2) {
            case 0b00: return .skipped(.noState)
            case 0b01: return .skipped(.badState)
            case 0b10: return .skipped(.noGas)
            default:
                guard try !slice.loadBit() else { throw .malformed("reason for skipping") }
                return .skipped(.suspended)
            }
        }
        let isSuccess = try slice.loadBit()
        // Whether the message's state was used, whether it activated the account.
        try slice.skip(2)
        let gasFees = try slice.loadCoins()
        var details = try CellSlice(try slice.loadReference())
        let gasUsed = try details.loadVarUInt(lengthBits: 3)
        // Limit, credit, mode.
        _ = try details.loadVarUInt(lengthBits: 3)
        if try details.loadBit() { _ = try details.loadVarUInt(lengthBits: 2) }
        try details.skip(8)
        return .executed(
            Execution(
                isSuccess: isSuccess, gasFees: gasFees, gasUsed: gasUsed,
                exitCode: try details.loadInt32()))
    }

    private static func readAction(_ cell: Cell) throws(CellError) -> Action {
        var slice = try CellSlice(cell)
        let isSuccess = try slice.loadBit()
        // Whether the list of actions was valid.
        try slice.skip(1)
        let isOutOfFunds = try slice.loadBit()
        try skipStatusChange(&slice)
        // Fees, which are among the transaction's.
        _ = try loadOptionalCoins(&slice)
        _ = try loadOptionalCoins(&slice)
        let resultCode = try slice.loadInt32()
        if try slice.loadBit() { try slice.skip(32) }
        let actionCount = Int(try slice.loadUInt(16))
        // Actions other than messages.
        try slice.skip(16)
        return Action(
            isSuccess: isSuccess, isOutOfFunds: isOutOfFunds, resultCode: resultCode,
            actionCount: actionCount, skippedActionCount: Int(try slice.loadUInt(16)),
            messageCount: Int(try slice.loadUInt(16)))
    }

    private static func loadBounce(_ slice: inout CellSlice) throws(CellError) -> Bounce {
        if try slice.loadBit() {
            try skipStorageUsed(&slice)
            // The fees, which are among the transaction's and its message's.
            _ = try slice.loadCoins()
            _ = try slice.loadCoins()
            return .sent
        }
        guard try slice.loadBit() else { return .negativeFunds }
        try skipStorageUsed(&slice)
        _ = try slice.loadCoins()
        return .noFunds
    }

    private static func loadOptionalCoins(_ slice: inout CellSlice) throws(CellError) -> UInt64 {
        try slice.loadBit() ? try slice.loadCoins() : 0
    }

    /// Passes over cells and bits.
    private static func skipStorageUsed(_ slice: inout CellSlice) throws(CellError) {
        _ = try slice.loadVarUInt(lengthBits: 3)
        _ = try slice.loadVarUInt(lengthBits: 3)
    }

    /// Passes over unchanged `0`, frozen `10`, deleted `11`.
    private static func skipStatusChange(_ slice: inout CellSlice) throws(CellError) {
        if try slice.loadBit() { try slice.skip(1) }
    }
}
