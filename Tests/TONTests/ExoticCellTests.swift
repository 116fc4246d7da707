// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TON
import Testing

/// Cells that stand for others. Their hashes are pytoniq-core's; those in `transactions.json` are
/// the emulator's.
@Suite struct ExoticCellTests {
    private static let library =
        "b5ee9c7201010101002300084202"
        + "3d83a3ceb62fcf16c8b06d1e0b1b9ca8a1b6fd0b8ae9f2f3f4a5a6a7a8a9aaab"

    @Test func `a library cell is taken only where it may stand`() throws {
        let bytes = try #require(Hexadecimal.decode(Self.library))
        #expect(throws: BOCError.cell(0)) { try BOC.parse(bytes) }
        let cell = try BOC.parse(bytes, limits: .chain)
        #expect(cell.kind == .library)
        #expect(BOC.serialize(cell, checksum: false) == bytes)
        #expect(throws: CellError.exoticCell) { try CellSlice(cell) }
        #expect(TextComment.text(of: cell) == nil)
        #expect(throws: CellError.exoticCell) { try Message(cell) }
    }

    @Test func `exotic cells have the hashes that others give them, and must be well formed`()
        throws
    {
        let vector = try Vectors.read("exotic", as: ExoticVectors.self)
        #expect(vector.valid.count >= 5)
        for row in vector.valid {
            let cell = try BOC.parse(#require(Base64.decode(row.boc)), limits: .chain)
            #expect(cell.hash.hex == row.hash, "\(row.name)")
            #expect(cell.depth == row.depth, "\(row.name)")
            #expect(try BOC.parse(BOC.serialize(cell), limits: .chain) == cell)
        }
        #expect(vector.invalid.count >= 8)
        for row in vector.invalid {
            #expect(throws: BOCError.self, "\(row.name)") {
                try BOC.parse(#require(Base64.decode(row.boc)), limits: .chain)
            }
        }
    }

    private struct ExoticVectors: Decodable {
        struct Valid: Decodable {
            let name: String
            let boc: String
            let hash: String
            let depth: Int
        }

        struct Invalid: Decodable {
            let name: String
            let boc: String
        }

        let valid: [Valid]
        let invalid: [Invalid]
    }
}
