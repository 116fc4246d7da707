// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TON
import TestSupport
import Testing

@Suite struct CellTests {
    @Test(arguments: Vectors.all.cells.valid)
    func `a cell has the hash and the depth that others give it`(
        vector: Vectors.CellVector
    ) throws {
        guard let cell = try vector.tree?.cell() else {
            // Only the long chain comes without its tree.
            #expect(vector.depth == 511)
            return
        }
        #expect(cell.hash.hex == vector.hash)
        #expect(cell.depth == vector.depth)
    }

    @Test func `what a builder stores a slice loads`() throws {
        var random = SeededRandom(seed: .random(in: 0 ... .max))
        print("seed \(random.seed)")
        for _ in 0..<2_000 {
            var builder = CellBuilder()
            var expected: [(value: UInt64, bits: Int)] = []
            while builder.freeBits > 0 {
                let bits = Int.random(in: 0...min(64, builder.freeBits), using: &random)
                let value =
                    bits == 0
                    ? 0 : UInt64.random(in: 0 ... .max, using: &random) >> UInt64(64 - bits)
                try builder.store(value, bits: bits)
                expected.append((value, bits))
                if builder.freeBits < 64, Bool.random(using: &random) { break }
            }
            var slice = try CellSlice(builder.cell())
            #expect(slice.bitsLeft == expected.reduce(0) { $0 + $1.bits })
            for (value, bits) in expected { #expect(try slice.loadUInt(bits) == value) }
            #expect(slice.isAtEnd)
        }
    }

    @Test func `bytes, coins, hashes and addresses come back at every offset`() throws {
        let hash = try #require(Hash256(hex: String(repeating: "8f01", count: 16)))
        for offset in 0..<16 {
            for coins in [0, 1, 255, 256, 1_500_000_000, UInt64.max] {
                let address = TONAddress(workchain: -1, accountHash: hash)
                var builder = CellBuilder()
                try builder.store(1 << UInt64(offset) - 1, bits: offset)
                try builder.store([0xDE, 0xAD, 0xBE])
                try builder.store(coins: coins)
                try builder.store(address)
                try builder.store(nil)
                try builder.store(hash)
                try builder.store(optional: .empty)
                try builder.store(optional: nil)
                let cell = try builder.cell()

                var slice = try CellSlice(cell)
                try slice.skip(offset)
                // What is left makes the same cell as if it had been stored so.
                var inner = try CellSlice(slice.remainder())
                for _ in 0..<2 {
                    #expect(try slice.loadBytes(3) == [0xDE, 0xAD, 0xBE])
                    #expect(try slice.loadCoins() == coins)
                    #expect(try slice.loadAddress() == address)
                    #expect(try slice.loadAddress() == nil)
                    #expect(try slice.loadHash() == hash)
                    #expect(try slice.loadOptionalReference() == .empty)
                    #expect(try slice.loadOptionalReference() == nil)
                    #expect(slice.isAtEnd)
                    swap(&slice, &inner)
                }
            }
        }
    }

    @Test func `a full builder refuses and stays as it was`() throws {
        var builder = CellBuilder()
        try builder.store([UInt8](repeating: 0xFF, count: 127))
        try builder.store(0, bits: 6)
        let before = try builder.cell().hash
        #expect(throws: CellError.dataOverflow) { try builder.store(0, bits: 2) }
        #expect(throws: CellError.dataOverflow) { try builder.store([0]) }
        #expect(throws: CellError.dataOverflow) { try builder.store(coins: 1) }
        #expect(throws: CellError.dataOverflow) { try builder.store(nil) }
        #expect(throws: CellError.valueTooLarge) { try builder.store(2, bits: 1) }
        for _ in 0..<4 { try builder.store(reference: .empty) }
        #expect(throws: CellError.referenceOverflow) { try builder.store(reference: .empty) }
        #expect(throws: CellError.referenceOverflow) { try builder.store(optional: .empty) }
        #expect(builder.bitCount == 1022)
        var same = CellBuilder()
        try same.store([UInt8](repeating: 0xFF, count: 127))
        try same.store(0, bits: 6)
        #expect(try same.cell().hash == before)
    }

    @Test func `a slice at its end refuses and stays as it was`() throws {
        var builder = CellBuilder()
        try builder.store(0b101, bits: 3)
        var slice = try CellSlice(builder.cell())
        #expect(throws: CellError.dataUnderflow) { try slice.loadUInt(4) }
        #expect(throws: CellError.dataUnderflow) { try slice.loadBytes(1) }
        #expect(throws: CellError.dataUnderflow) { try slice.loadHash() }
        #expect(throws: CellError.dataUnderflow) { try slice.skip(4) }
        #expect(throws: CellError.referenceUnderflow) { try slice.loadReference() }
        #expect(throws: CellError.malformed("cell")) { try slice.expectEnd(of: "cell") }
        #expect(try slice.loadUInt(3) == 0b101)
        #expect(slice.isAtEnd)
    }

    @Test func `an amount over 64 bits is refused, not cut off`() throws {
        var builder = CellBuilder()
        try builder.store(9, bits: 4)
        try builder.store(1, bits: 8)
        try builder.store(0, bits: 64)
        let large = try builder.cell()
        #expect(throws: CellError.valueTooLarge) {
            var slice = try CellSlice(large)
            _ = try slice.loadCoins()
        }
    }

    @Test func `cells are at most 1024 deep`() throws {
        var cell = Cell.empty
        for _ in 0..<1024 {
            var builder = CellBuilder()
            try builder.store(reference: cell)
            cell = try builder.cell()
        }
        #expect(cell.depth == 1024)
        var builder = CellBuilder()
        try builder.store(reference: cell)
        #expect(throws: CellError.tooDeep) { try builder.cell() }
    }
}
