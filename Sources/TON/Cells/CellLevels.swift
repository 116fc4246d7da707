// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Hashes and depths of a cell that stands above pruned branches, or is exotic itself.
///
/// A pruned branch stands for a tree that was left out and keeps its hash. A cell above it has,
/// beside its representation hash, the hash it would have with the whole tree; a Merkle proof or
/// update takes one level off. The wallet's own messages have none of this, but anybody may send
/// the wallet such cells, so its transactions can't be read without.
/// Source: TON whitepaper, The Open Network Virtual Machine, section 3.1.
struct CellLevels: Sendable {
    /// Bit i is set when there are pruned branches of level i + 1.
    let mask: UInt8
    /// The hash for each level that differs from the one before, lowest first; the last one is
    /// the representation hash.
    let hashes: [Hash256]
    let depths: [Int]

    /// Where the values of `level` stand, 0…3.
    func index(ofLevel level: Int) -> Int { (mask & ((1 << UInt8(level)) - 1)).nonzeroBitCount }

    /// - Throws: `malformedExoticCell`, `tooDeep`.
    init(
        data: [UInt8], bitCount: Int, references: [Cell], kind: CellKind, scratch: inout [UInt8]
    ) throws(CellError) {
        let below = references.reduce(UInt8(0)) { $0 | ($1.levels?.mask ?? 0) }
        switch kind {
        case .ordinary:
            mask = below
        case .library:
            guard bitCount == 8 + 256, references.isEmpty else { throw .malformedExoticCell }
            mask = 0
        case .prunedBranch:
            guard bitCount >= 16, references.isEmpty, (1...7).contains(data[1]) else {
                throw .malformedExoticCell
            }
            mask = data[1]
            guard bitCount == 16 + mask.nonzeroBitCount * (256 + 16) else {
                throw .malformedExoticCell
            }
        case .merkleProof, .merkleUpdate:
            let count = kind == .merkleProof ? 1 : 2
            guard bitCount == 8 + count * (256 + 16), references.count == count,
                zip(0..., references).allSatisfy({ index, reference in
                    Self.promises(data, count: count, at: index, of: reference)
                })
            else { throw .malformedExoticCell }
            mask = below >> 1
        }
        if kind == .prunedBranch {
            (hashes, depths) = Self.ofPrunedBranch(
                data: data, bitCount: bitCount, mask: mask, scratch: &scratch)
        } else {
            (hashes, depths) = try Self.computed(
                data: data, bitCount: bitCount, references: references, kind: kind, mask: mask,
                scratch: &scratch)
        }
    }

    /// Whether a Merkle cell names the hash and the depth that its reference has at level 0.
    private static func promises(
        _ data: [UInt8], count: Int, at index: Int, of reference: Cell
    ) -> Bool {
        let depthStart = 1 + 32 * count + 2 * index
        return Hash256(bytes: data[(1 + 32 * index)..<(33 + 32 * index)])
            == reference.hash(level: 0)
            && Int(data[depthStart]) << 8 | Int(data[depthStart + 1]) == reference.depth(level: 0)
    }

    /// The values that the branch's bits name, and its own representation hash.
    private static func ofPrunedBranch(
        data: [UInt8], bitCount: Int, mask: UInt8, scratch: inout [UInt8]
    ) -> ([Hash256], [Int]) {
        let count = mask.nonzeroBitCount
        var hashes: [Hash256] = []
        var depths: [Int] = []
        for index in 0..<count {
            if let hash = Hash256(bytes: data[(2 + 32 * index)..<(34 + 32 * index)]) {
                hashes.append(hash)
            }
            let start = 2 + 32 * count + 2 * index
            depths.append(Int(data[start]) << 8 | Int(data[start + 1]))
        }
        scratch.removeAll(keepingCapacity: true)
        scratch.append(8 | mask << 5)
        scratch.append(Cell.lengthDescriptor(bitCount: bitCount))
        scratch.append(contentsOf: data)
        return (hashes + [Hash256(sha256: scratch)], depths + [0])
    }

    private static func computed(
        data: [UInt8], bitCount: Int, references: [Cell], kind: CellKind, mask: UInt8,
        scratch: inout [UInt8]
    ) throws(CellError) -> ([Hash256], [Int]) {
        var hashes: [Hash256] = []
        var depths: [Int] = []
        let offset = kind == .merkleProof || kind == .merkleUpdate ? 1 : 0
        for level in 0...3 where level == 0 || mask >> UInt8(level - 1) & 1 == 1 {
            let depth = references.reduce(0) { max($0, $1.depth(level: level + offset) + 1) }
            guard depth <= Cell.depthMax else { throw .tooDeep }
            scratch.removeAll(keepingCapacity: true)
            scratch.append(
                UInt8(references.count) | (kind == .ordinary ? 0 : 8)
                    | (mask & ((1 << UInt8(level)) - 1)) << 5)
            scratch.append(Cell.lengthDescriptor(bitCount: bitCount))
            if let lower = hashes.last {
                lower.append(to: &scratch)
            } else {
                scratch.append(contentsOf: data)
            }
            for reference in references {
                let depth = reference.depth(level: level + offset)
                scratch.append(UInt8(truncatingIfNeeded: depth >> 8))
                scratch.append(UInt8(truncatingIfNeeded: depth))
            }
            for reference in references {
                reference.hash(level: level + offset).append(to: &scratch)
            }
            hashes.append(Hash256(sha256: scratch))
            depths.append(depth)
        }
        return (hashes, depths)
    }
}

extension Cell {
    /// Which levels of pruned branches are below, as `CellLevels.mask`.
    var levelMask: UInt8 { levels?.mask ?? 0 }

    fileprivate func hash(level: Int) -> Hash256 {
        levels.map { $0.hashes[$0.index(ofLevel: level)] } ?? hash
    }

    fileprivate func depth(level: Int) -> Int {
        levels.map { $0.depths[$0.index(ofLevel: level)] } ?? depth
    }
}
