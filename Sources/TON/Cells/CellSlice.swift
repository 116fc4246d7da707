// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Reads a cell from its first bit and its first reference on.
package struct CellSlice {
    private let cell: Cell
    private var position = 0
    private var referencePosition = 0

    /// - Throws: `exoticCell`: only what ordinary cells hold can be read.
    package init(_ cell: Cell) throws(CellError) {
        guard cell.kind == .ordinary else { throw .exoticCell }
        self.cell = cell
    }

    package var bitsLeft: Int { cell.bitCount - position }
    package var referencesLeft: Int { cell.references.count - referencePosition }
    package var isAtEnd: Bool { bitsLeft == 0 && referencesLeft == 0 }

    /// The references that have not been read.
    var referencesAhead: ArraySlice<Cell> { cell.references[referencePosition...] }

    /// - Parameter bits: 0…64.
    /// - Throws: `dataUnderflow`. Nothing has been read then; that is so for everything a slice
    ///   throws except by the readers of fields that consist of several parts.
    package mutating func loadUInt(_ bits: Int) throws(CellError) -> UInt64 {
        precondition((0...64).contains(bits), "a number has at most 64 bits here")
        guard bits <= bitsLeft else { throw .dataUnderflow }
        var value: UInt64 = 0
        var left = bits
        let ahead = -position & 7
        if ahead > 0, left > 0 {
            let taken = min(ahead, left)
            let byte = cell.data[position >> 3] << UInt8(8 - ahead)
            value = UInt64(byte >> UInt8(8 - taken))
            position += taken
            left -= taken
        }
        while left >= 8 {
            value = value << 8 | UInt64(cell.data[position >> 3])
            position += 8
            left -= 8
        }
        if left > 0 {
            value = value << UInt64(left) | UInt64(cell.data[position >> 3] >> UInt8(8 - left))
            position += left
        }
        return value
    }

    package mutating func loadBit() throws(CellError) -> Bool { try loadUInt(1) == 1 }

    package mutating func loadUInt32() throws(CellError) -> UInt32 {
        UInt32(truncatingIfNeeded: try loadUInt(32))
    }

    package mutating func loadInt32() throws(CellError) -> Int32 {
        Int32(bitPattern: try loadUInt32())
    }

    package mutating func loadBytes(_ count: Int) throws(CellError) -> [UInt8] {
        guard count >= 0, count * 8 <= bitsLeft else { throw .dataUnderflow }
        let first = position >> 3
        let used = UInt8(position & 7)
        position += count * 8
        if used == 0 { return Array(cell.data[first..<(first + count)]) }
        return (first..<(first + count)).map { index in
            cell.data[index] << used | cell.data[index + 1] >> (8 - used)
        }
    }

    package mutating func loadHash() throws(CellError) -> Hash256 {
        guard bitsLeft >= 256 else { throw .dataUnderflow }
        return Hash256(
            words: (try loadUInt(64), try loadUInt(64), try loadUInt(64), try loadUInt(64)))
    }

    /// Passes over bits whatever they are.
    package mutating func skip(_ bits: Int) throws(CellError) {
        guard bits >= 0, bits <= bitsLeft else { throw .dataUnderflow }
        position += bits
    }

    package mutating func loadReference() throws(CellError) -> Cell {
        guard referencesLeft > 0 else { throw .referenceUnderflow }
        defer { referencePosition += 1 }
        return cell.references[referencePosition]
    }

    /// Reads `Maybe ^X`.
    package mutating func loadOptionalReference() throws(CellError) -> Cell? {
        try loadBit() ? try loadReference() : nil
    }

    /// Reads `VarUInteger`, whose byte count stands in `lengthBits` bits.
    ///
    /// - Throws: `valueTooLarge` when it is 2⁶⁴ or more.
    package mutating func loadVarUInt(lengthBits: Int) throws(CellError) -> UInt64 {
        var left = Int(try loadUInt(lengthBits))
        while left > 8 {
            guard try loadUInt(8) == 0 else { throw .valueTooLarge }
            left -= 1
        }
        return try loadUInt(left * 8)
    }

    /// Reads `Grams`, in nanotons.
    package mutating func loadCoins() throws(CellError) -> UInt64 {
        try loadVarUInt(lengthBits: 4)
    }

    /// Reads `addr_none` (nil) or `addr_std`.
    ///
    /// - Throws: `malformed` for the other forms, which stand in no message between contracts.
    package mutating func loadAddress() throws(CellError) -> TONAddress? {
        switch try loadUInt(2) {
        case 0b00: return nil
        case 0b10:
            guard try !loadBit() else { throw .malformed("address") }
            let workchain = Int8(truncatingIfNeeded: try loadUInt(8))
            return TONAddress(workchain: workchain, accountHash: try loadHash())
        default: throw .malformed("address")
        }
    }

    /// What has not been read, as a cell of its own.
    package func remainder() throws(CellError) -> Cell {
        if position == 0, referencePosition == 0 { return cell }
        if isAtEnd { return .empty }
        var builder = CellBuilder()
        try builder.store(self)
        return try builder.cell()
    }

    /// - Throws: `malformed(field)` when something has not been read.
    package func expectEnd(of field: String) throws(CellError) {
        guard isAtEnd else { throw .malformed(field) }
    }
}
