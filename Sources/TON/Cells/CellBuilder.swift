// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Puts a cell together, field after field, most significant bits first.
package struct CellBuilder {
    /// The bits so far; those of the last byte that are still free are zeros.
    private var data: [UInt8] = []
    package private(set) var bitCount = 0
    package private(set) var references: [Cell] = []

    package init() {}

    package var freeBits: Int { Cell.bitsMax - bitCount }

    /// Stores the lowest `bits` of `value`.
    ///
    /// - Parameter bits: 0…64.
    /// - Throws: `valueTooLarge` when `value` has more bits, `dataOverflow`. The builder then
    ///   stays as it was; that is so for everything it throws.
    package mutating func store(_ value: UInt64, bits: Int) throws(CellError) {
        precondition((0...64).contains(bits), "a number has at most 64 bits here")
        guard bits == 64 || value >> UInt64(bits) == 0 else { throw .valueTooLarge }
        guard bits <= freeBits else { throw .dataOverflow }
        append(value, bits: bits)
    }

    package mutating func store(bit: Bool) throws(CellError) {
        try store(bit ? 1 : 0, bits: 1)
    }

    package mutating func store(_ bytes: [UInt8]) throws(CellError) {
        try store(bytes[...])
    }

    package mutating func store(_ bytes: ArraySlice<UInt8>) throws(CellError) {
        guard bytes.count * 8 <= freeBits else { throw .dataOverflow }
        let used = UInt8(bitCount & 7)
        if used == 0 {
            data.append(contentsOf: bytes)
        } else {
            data.reserveCapacity(data.count + bytes.count)
            for byte in bytes {
                data[data.count - 1] |= byte >> used
                data.append(byte << (8 - used))
            }
        }
        bitCount += bytes.count * 8
    }

    package mutating func store(_ hash: Hash256) throws(CellError) {
        guard freeBits >= 256 else { throw .dataOverflow }
        append(hash.words.0, bits: 64)
        append(hash.words.1, bits: 64)
        append(hash.words.2, bits: 64)
        append(hash.words.3, bits: 64)
    }

    /// Stores `addr_std`, or `addr_none` for nil.
    package mutating func store(_ address: TONAddress?) throws(CellError) {
        guard let address else { return try store(0, bits: 2) }
        guard freeBits >= 267 else { throw .dataOverflow }
        append(0b100, bits: 3)
        append(UInt64(UInt8(bitPattern: address.workchain)), bits: 8)
        try store(address.accountHash)
    }

    /// Stores an amount of nanotons as `Grams`: a count of bytes in 4 bits, then the bytes.
    package mutating func store(coins: UInt64) throws(CellError) {
        let byteCount = (64 - coins.leadingZeroBitCount + 7) / 8
        guard 4 + byteCount * 8 <= freeBits else { throw .dataOverflow }
        append(UInt64(byteCount), bits: 4)
        append(coins, bits: byteCount * 8)
    }

    package mutating func store(reference: Cell) throws(CellError) {
        guard references.count < Cell.referencesMax else { throw .referenceOverflow }
        references.append(reference)
    }

    /// Stores `Maybe ^X`: one bit, and the reference when there is one.
    package mutating func store(optional reference: Cell?) throws(CellError) {
        guard freeBits >= 1 else { throw .dataOverflow }
        if let reference { try store(reference: reference) }
        append(reference == nil ? 0 : 1, bits: 1)
    }

    /// Stores what is left of `slice`: its bits and its references.
    package mutating func store(_ slice: CellSlice) throws(CellError) {
        guard slice.bitsLeft <= freeBits else { throw .dataOverflow }
        guard references.count + slice.referencesLeft <= Cell.referencesMax else {
            throw .referenceOverflow
        }
        var slice = slice
        try store(slice.loadBytes(slice.bitsLeft / 8))
        let rest = slice.bitsLeft
        append(try slice.loadUInt(rest), bits: rest)
        references.append(contentsOf: slice.referencesAhead)
    }

    /// The cell with what has been stored.
    ///
    /// - Throws: `tooDeep`.
    package func cell() throws(CellError) -> Cell {
        var data = data
        if bitCount & 7 != 0 { data[data.count - 1] |= 0x80 >> UInt8(bitCount & 7) }
        var scratch: [UInt8] = []
        return try Cell(
            data: data, bitCount: bitCount, references: references, scratch: &scratch)
    }

    /// Appends the lowest `bits` of `value`, whose others are zero and for which there is room.
    private mutating func append(_ value: UInt64, bits: Int) {
        var left = bits
        let free = -bitCount & 7
        bitCount += bits
        if free > 0, left > 0 {
            let taken = min(free, left)
            let part = UInt8(truncatingIfNeeded: value >> UInt64(left - taken))
            data[data.count - 1] |= (part & (0xFF >> UInt8(8 - taken))) << UInt8(free - taken)
            left -= taken
        }
        while left >= 8 {
            left -= 8
            data.append(UInt8(truncatingIfNeeded: value >> UInt64(left)))
        }
        if left > 0 { data.append(UInt8(truncatingIfNeeded: value << UInt64(8 - left))) }
    }
}
