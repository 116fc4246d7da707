// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// A cell: up to 1023 bits and up to four references to other cells. It never changes.
///
/// Two cells are equal when their hashes are: SHA-256 over bits, depths and hashes of the cells
/// below. Hash and depth are computed once, when the cell is made, so that cells which stand many
/// times in a tree cost no more than once.
package final class Cell: Sendable {
    package static let bitsMax = 1023
    package static let referencesMax = 4
    /// The deepest tree that TON takes.
    package static let depthMax = 1024

    /// A cell without bits and references.
    package static let empty = Cell(empty: ())

    /// The bits, most significant first. When they don't fill the last byte they are followed by
    /// a one and zeros.
    let data: [UInt8]
    package let bitCount: Int
    package let references: [Cell]
    package let kind: CellKind
    /// The representation hash.
    package let hash: Hash256
    /// 0 without references.
    package let depth: Int
    /// What pruned branches in the tree do to the cell; nil for nearly every cell.
    let levels: CellLevels?

    /// - Parameters:
    ///   - data: the bits with the one and the zeros that fill the last byte.
    ///   - scratch: a buffer to hash in; many cells can share it.
    /// - Throws: `tooDeep`; `malformedExoticCell`, for a kind other than `ordinary`.
    init(
        data: [UInt8], bitCount: Int, references: [Cell], kind: CellKind = .ordinary,
        scratch: inout [UInt8]
    ) throws(CellError) {
        self.data = data
        self.bitCount = bitCount
        self.references = references
        self.kind = kind
        if kind == .ordinary, references.allSatisfy({ $0.levels == nil }) {
            depth = references.reduce(0) { max($0, $1.depth + 1) }
            guard depth <= Self.depthMax else { throw .tooDeep }
            hash = Self.hash(
                data: data, bitCount: bitCount, references: references, in: &scratch)
            levels = nil
        } else {
            let levels = try CellLevels(
                data: data, bitCount: bitCount, references: references, kind: kind,
                scratch: &scratch)
            hash = levels.hashes[levels.hashes.count - 1]
            depth = levels.depths[levels.depths.count - 1]
            self.levels = levels.mask != 0 ? levels : nil
        }
    }

    private init(empty: Void) {
        var scratch: [UInt8] = []
        data = []
        bitCount = 0
        references = []
        kind = .ordinary
        hash = Self.hash(data: [], bitCount: 0, references: [], in: &scratch)
        depth = 0
        levels = nil
    }

    private static func hash(
        data: [UInt8], bitCount: Int, references: [Cell], in scratch: inout [UInt8]
    ) -> Hash256 {
        scratch.removeAll(keepingCapacity: true)
        scratch.append(UInt8(references.count))
        scratch.append(lengthDescriptor(bitCount: bitCount))
        scratch.append(contentsOf: data)
        for reference in references {
            scratch.append(UInt8(truncatingIfNeeded: reference.depth >> 8))
            scratch.append(UInt8(truncatingIfNeeded: reference.depth))
        }
        for reference in references { reference.hash.append(to: &scratch) }
        return Hash256(sha256: scratch)
    }

    /// The second byte of a cell's description: ⌊bits / 8⌋ + ⌈bits / 8⌉.
    static func lengthDescriptor(bitCount: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: bitCount / 8 + (bitCount + 7) / 8)
    }
}

extension Cell: Hashable {
    package static func == (left: Cell, right: Cell) -> Bool { left.hash == right.hash }

    package func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

/// What a cell's bits mean to TON itself.
package enum CellKind: UInt8, Sendable {
    /// Nothing: they belong to whoever made the cell.
    case ordinary = 0xFF
    case prunedBranch = 1
    case library = 2
    case merkleProof = 3
    case merkleUpdate = 4
}
