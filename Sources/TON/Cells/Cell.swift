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
        if kind == .ordinary,
            let (hash, depth) = try Self.hash(
                data: data, bitCount: bitCount, references: references, in: &scratch)
        {
            self.hash = hash
            self.depth = depth
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
        data = []
        bitCount = 0
        references = []
        kind = .ordinary
        // Two bytes of zeros: no references, no bits.
        hash = Hash256(sha256: [0, 0])
        depth = 0
        levels = nil
    }

    /// The most bytes that are hashed: both descriptors, the bits, and of each reference its depth
    /// and its hash.
    static let hashedBytesMax = 2 + 128 + referencesMax * (2 + Hash256.byteCount)

    /// Hash and depth of an ordinary cell; nil when there are pruned branches below.
    ///
    /// Each reference is looked at once: touching the cells costs more than hashing small ones.
    private static func hash(
        data: [UInt8], bitCount: Int, references: [Cell], in scratch: inout [UInt8]
    ) throws(CellError) -> (Hash256, depth: Int)? {
        if scratch.count < hashedBytesMax {
            scratch = [UInt8](repeating: 0, count: hashedBytesMax)
        }
        var span = scratch.mutableSpan
        // Unsafe for elements that not all bytes are one of; every byte is a byte.
        var bytes = unsafe span.mutableBytes
        bytes.storeBytes(of: UInt8(references.count), as: UInt8.self)
        bytes.storeBytes(
            of: lengthDescriptor(bitCount: bitCount), toByteOffset: 1, as: UInt8.self)
        for index in data.indices {
            bytes.storeBytes(of: data[index], toByteOffset: 2 + index, as: UInt8.self)
        }
        var depth = 0
        var depthPosition = 2 + data.count
        var hashPosition = depthPosition + 2 * references.count
        let below = references.span
        for index in below.indices {
            guard below[index].levels == nil else { return nil }
            let depthBelow = below[index].depth
            depth = max(depth, depthBelow + 1)
            bytes.storeBytes(
                of: UInt16(depthBelow).bigEndian, toByteOffset: depthPosition, as: UInt16.self)
            depthPosition += 2
            below[index].hash.store(in: &bytes, at: hashPosition)
            hashPosition += Hash256.byteCount
        }
        guard depth <= depthMax else { throw .tooDeep }
        return (Hash256(sha256: scratch, count: hashPosition), depth)
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
