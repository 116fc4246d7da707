// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Reads `HashmapE n X`: a tree of cells whose edges are the bits of its keys.
enum CellDictionary {
    /// - Parameter key: the bits, right-aligned.
    typealias Entry = (key: UInt64, value: CellSlice)

    private struct Node {
        var cell: Cell
        var key: UInt64
        var keyBitsLeft: Int
    }

    /// The entries by rising key, read from the `Maybe ^X` at the slice's front.
    ///
    /// - Parameters:
    ///   - keyBits: 0…64.
    ///   - entriesMax: how many entries there may be. Cells can be shared, so a few of them can
    ///     make a dictionary of any size.
    /// - Throws: `CellError`; `malformed("dictionary")` also when there are more entries.
    static func load(
        from slice: inout CellSlice, keyBits: Int, entriesMax: Int
    ) throws(CellError) -> [Entry] {
        guard let root = try slice.loadOptionalReference() else { return [] }
        var entries: [Entry] = []
        var path = [Node(cell: root, key: 0, keyBitsLeft: keyBits)]
        while let node = path.popLast() {
            var slice = try CellSlice(node.cell)
            let label = try loadLabel(&slice, bitsMax: node.keyBitsLeft)
            let key = node.key << UInt64(label.bitCount) | label.bits
            let left = node.keyBitsLeft - label.bitCount
            guard left > 0 else {
                guard entries.count < entriesMax else { throw .malformed("dictionary") }
                entries.append((key, slice))
                continue
            }
            let zero = try slice.loadReference()
            let one = try slice.loadReference()
            try slice.expectEnd(of: "dictionary")
            path.append(Node(cell: one, key: key << 1 | 1, keyBitsLeft: left - 1))
            path.append(Node(cell: zero, key: key << 1, keyBitsLeft: left - 1))
        }
        return entries
    }

    private static func loadLabel(
        _ slice: inout CellSlice, bitsMax: Int
    ) throws(CellError) -> (bits: UInt64, bitCount: Int) {
        let countBits = Int.bitWidth - bitsMax.leadingZeroBitCount
        var count = 0
        var bits: UInt64
        if try !slice.loadBit() {
            while try slice.loadBit() { count += 1 }
            guard count <= bitsMax else { throw .malformed("dictionary") }
            bits = try slice.loadUInt(count)
        } else if try !slice.loadBit() {
            count = Int(try slice.loadUInt(countBits))
            guard count <= bitsMax else { throw .malformed("dictionary") }
            bits = try slice.loadUInt(count)
        } else {
            let bit = try slice.loadBit()
            count = Int(try slice.loadUInt(countBits))
            guard count <= bitsMax else { throw .malformed("dictionary") }
            bits = bit && count > 0 ? .max >> UInt64(64 - count) : 0
        }
        return (bits, count)
    }
}
