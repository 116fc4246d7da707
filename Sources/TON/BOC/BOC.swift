// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// A bag of cells: the bytes that a tree of cells travels in.
///
/// Source: `serialized_boc` in TON's `crypto/tl/boc.tlb`, as `crypto/vm/boc.cpp` reads it.
package enum BOC {
    static let magic: [UInt8] = [0xB5, 0xEE, 0x9C, 0x72]
    static let indexFlag: UInt8 = 0x80
    static let checksumFlag: UInt8 = 0x40
    static let cacheFlag: UInt8 = 0x20

    /// The one root cell of `bytes`.
    ///
    /// Time and memory are proportional to the number of bytes, whatever they are: each cell is
    /// made once, however often it is referred to, and nothing recurs.
    package static func parse(
        _ bytes: [UInt8], limits: BOCLimits = BOCLimits()
    ) throws(BOCError) -> Cell {
        var reader = BOCReader(bytes, limits: limits)
        return try reader.read()
    }

    /// The bytes of `root` and everything below: parents before children, the leftmost child's
    /// tree first, equal cells once, no index.
    ///
    /// - Parameter checksum: whether a CRC-32C ends the bytes.
    package static func serialize(_ root: Cell, checksum: Bool = true) -> [UInt8] {
        let (cells, positions) = order(root)
        let referenceSize = byteCount(of: cells.count)
        let cellsSize = cells.reduce(0) {
            $0 + 2 + $1.data.count + $1.references.count * referenceSize
        }
        let offsetSize = byteCount(of: cellsSize)

        var bytes = magic
        bytes.reserveCapacity(4 + 2 + 4 * referenceSize + offsetSize + cellsSize + 4)
        bytes.append((checksum ? checksumFlag : 0) | UInt8(referenceSize))
        bytes.append(UInt8(offsetSize))
        bytes.append(cells.count, byteCount: referenceSize)
        bytes.append(1, byteCount: referenceSize)
        bytes.append(0, byteCount: referenceSize)
        bytes.append(cellsSize, byteCount: offsetSize)
        bytes.append(0, byteCount: referenceSize)
        for cell in cells {
            bytes.append(
                UInt8(cell.references.count) | (cell.kind == .ordinary ? 0 : 8)
                    | cell.levelMask << 5)
            bytes.append(Cell.lengthDescriptor(bitCount: cell.bitCount))
            bytes.append(contentsOf: cell.data)
            for reference in cell.references {
                bytes.append(positions[reference.hash] ?? 0, byteCount: referenceSize)
            }
        }
        if checksum {
            let value = CRC32C.checksum(bytes[...])
            for shift in stride(from: UInt32(0), through: 24, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: value >> shift))
            }
        }
        return bytes
    }

    /// The different cells in the order they are written in, and where each stands.
    ///
    /// It is the reverse of the order in which a walk that takes the rightmost child first leaves
    /// them, so a cell stands before all below it.
    private static func order(_ root: Cell) -> (cells: [Cell], positions: [Hash256: Int]) {
        var left: [Cell] = []
        var positions = [root.hash: 0]
        var path: [(cell: Cell, childrenLeft: Int)] = [(root, root.references.count)]
        while let (cell, childrenLeft) = path.last {
            if childrenLeft == 0 {
                path.removeLast()
                positions[cell.hash] = left.count
                left.append(cell)
                continue
            }
            path[path.count - 1].childrenLeft -= 1
            let child = cell.references[childrenLeft - 1]
            if positions.updateValue(0, forKey: child.hash) == nil {
                path.append((child, child.references.count))
            }
        }
        for (index, cell) in left.enumerated() {
            positions[cell.hash] = left.count - 1 - index
        }
        return (left.reversed(), positions)
    }

    /// How many bytes `value` needs, at least one.
    private static func byteCount(of value: Int) -> Int {
        max(1, (Int.bitWidth - value.leadingZeroBitCount + 7) / 8)
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ value: Int, byteCount: Int) {
        for index in (0..<byteCount).reversed() {
            append(UInt8(truncatingIfNeeded: value >> (8 * index)))
        }
    }
}
