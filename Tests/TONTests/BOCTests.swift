// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TON
import TestSupport
import Testing

@Suite struct BOCTests {
    @Test(arguments: Vectors.all.cells.valid)
    func `every flavour of a bag of cells gives the same cell`(
        vector: Vectors.CellVector
    ) throws {
        #expect(vector.boc.count == 4)
        for (flavour, text) in vector.boc {
            let bytes = try #require(Base64.decode(text))
            let cell = try BOC.parse(bytes)
            #expect(cell.hash.hex == vector.hash, "\(flavour)")
            #expect(cell.depth == vector.depth)
        }
    }

    @Test(arguments: Vectors.all.cells.valid)
    func `a bag of cells is written as others write it`(vector: Vectors.CellVector) throws {
        let plain = try #require(vector.boc["plain"])
        let cell = try Cell.of(base64: plain)
        #expect(Base64.encode(BOC.serialize(cell, checksum: false)) == plain)
        #expect(Base64.encode(BOC.serialize(cell)) == vector.boc["crc32c"])
    }

    @Test(arguments: Vectors.all.cells.invalidBoc)
    func `every malformed bag of cells is refused`(vector: Vectors.InvalidBOC) throws {
        let bytes = try #require(Base64.decode(vector.bocBase64))
        #expect(throws: BOCError.self) { try BOC.parse(bytes) }
    }

    /// A root `00` with one child of one bit, and one change each.
    @Test(arguments: [
        ("b5ee9c730101020100070001020501 0001c0", BOCError.magic),
        ("b5ee9c72", .truncated),
        ("b5ee9c7201", .truncated),
        ("b5ee9c720001020100070001020501 0001c0", .header("size of references")),
        ("b5ee9c720501020100070001020501 0001c0", .header("size of references")),
        ("b5ee9c720100020100070001020501 0001c0", .header("size of offsets")),
        ("b5ee9c720109020100070001020501 0001c0", .header("size of offsets")),
        ("b5ee9c720901020100070001020501 0001c0", .header("flags")),
        ("b5ee9c722101020100070001020501 0001c0", .header("flags")),
        ("b5ee9c720101020200070001020501 0001c0", .header("number of roots")),
        ("b5ee9c720101020000070001020501 0001c0", .header("number of roots")),
        ("b5ee9c720101020101070001020501 0001c0", .header("number of absent cells")),
        ("b5ee9c720101000100070001020501 0001c0", .header("number of cells")),
        ("b5ee9c720101020100070201020501 0001c0", .header("root")),
        ("b5ee9c720101020100060001020501 0001c0", .trailingBytes),
        ("b5ee9c720101020100080001020501 0001c0", .truncated),
        ("b5ee9c720101020100070001020501 0001c000", .trailingBytes),
        ("b5ee9c720101020100070005020501 0001c0", .cell(0)),
        ("b5ee9c720101020100070009020501 0001c0", .cell(0)),
        ("b5ee9c720101020100070011020501 0001c0", .cell(0)),
        ("b5ee9c720101020100070021020501 0001c0", .cell(0)),
        ("b5ee9c720101020100070001020500 0001c0", .reference(cell: 0)),
        ("b5ee9c720101020100070001020502 0001c0", .reference(cell: 0)),
        ("b5ee9c720101020100070001020501 000180", .cell(1)),
        ("b5ee9c720101020100070001020501 000100", .cell(1)),
        ("b5ee9c720101020100070001020501 0003c0", .cellsSize),
        ("b5ee9c720108020100ffffffffffffffff0001020501 0001c0", .tooLarge),
        ("b5ee9c7201087f01007fffffffffffffff0001020501 0001c0", .truncated),
        ("b5ee9c720401ffffffff000000010000000007000000000001020500000001 0001c0", .tooLarge),
    ])
    func `an error says what is wrong`(hex: String, error: BOCError) throws {
        let bytes = try #require(Hexadecimal.decode(hex.replacing(" ", with: "")))
        #expect(throws: error) { try BOC.parse(bytes) }
    }

    @Test func `an index with cache bits is read, and one with lengths is refused`() throws {
        let cells = "0001020501 0001c0".replacing(" ", with: "")
        let good = try BOC.parse(hex: "b5ee9c72010102010007" + cells)
        for (header, index) in [("81", "0407"), ("a1", "080e"), ("a1", "090f")] {
            let text = "b5ee9c72\(header)0102010007" + "00" + index + cells.dropFirst(2)
            #expect(try BOC.parse(hex: text) == good)
        }
        for (header, index) in [("81", "0403"), ("81", "0003"), ("a1", "0407")] {
            let text = "b5ee9c72\(header)0102010007" + "00" + index + cells.dropFirst(2)
            #expect(throws: BOCError.index) {
                try BOC.parse(hex: text)
            }
        }
    }

    @Test func `the limits hold`() throws {
        let chain = try #require(
            Vectors.all.cells.valid.first { $0.depth == 511 }?.boc["plain"].flatMap {
                Base64.decode($0)
            })
        #expect(throws: Never.self) { try BOC.parse(chain, limits: BOCLimits(depthMax: 511)) }
        #expect(throws: BOCError.tooLarge) {
            try BOC.parse(chain, limits: BOCLimits(depthMax: 510))
        }
        #expect(throws: BOCError.tooLarge) {
            try BOC.parse(chain, limits: BOCLimits(cellsMax: 511))
        }
        #expect(throws: BOCError.tooLarge) {
            try BOC.parse(chain, limits: BOCLimits(bytesMax: chain.count - 1))
        }
    }

    /// Each cell refers four times to the next: as a tree these are 4⁵⁰⁰ cells.
    @Test func `shared cells cost no more than once`() throws {
        var cell = Cell.empty
        for _ in 0..<500 {
            var builder = CellBuilder()
            for _ in 0..<4 { try builder.store(reference: cell) }
            cell = try builder.cell()
        }
        let bytes = BOC.serialize(cell)
        #expect(bytes.count < 10_000)
        #expect(try BOC.parse(bytes) == cell)
    }

    @Test func `random trees come back, and bytes are the same again`() throws {
        var random = SeededRandom(seed: .random(in: 0 ... .max))
        print("seed \(random.seed)")
        for _ in 0..<300 {
            let cell = try Self.randomTree(using: &random)
            for checksum in [false, true] {
                let bytes = BOC.serialize(cell, checksum: checksum)
                let again = try BOC.parse(bytes)
                #expect(again.hash == cell.hash)
                #expect(again.depth == cell.depth)
                #expect(BOC.serialize(again, checksum: checksum) == bytes)
            }
        }
    }

    @Test func `every changed bit is found by the checksum`() throws {
        var random = SeededRandom(seed: 4)
        let bytes = BOC.serialize(try Self.randomTree(using: &random))
        for index in 4..<min(bytes.count, 400) {
            for bit in 0..<8 {
                var changed = bytes
                changed[index] ^= 1 << UInt8(bit)
                // Without its flag the checksum itself is what follows after the end.
                #expect(throws: BOCError.self) { try BOC.parse(changed) }
            }
        }
    }

    /// Up to 300 cells, among them the same ones over and over.
    static func randomTree(using random: inout SeededRandom) throws -> Cell {
        var cells = [Cell.empty]
        for _ in 0..<Int.random(in: 1...300, using: &random) {
            var builder = CellBuilder()
            for _ in 0..<Int.random(in: 0...1023, using: &random) {
                try builder.store(bit: Bool.random(using: &random))
            }
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                try builder.store(
                    reference: cells.suffix(40).randomElement(using: &random) ?? .empty)
            }
            cells.append(try builder.cell())
        }
        return cells[cells.count - 1]
    }
}

extension BOC {
    static func parse(hex text: String) throws -> Cell {
        let bytes = try #require(Hexadecimal.decode(text))
        return try parse(bytes)
    }
}
