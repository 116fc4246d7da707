// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// A comment that people read: 32 zero bits and UTF-8, continued in a chain of cells.
///
/// No comment (an empty body) and an empty comment (the zero bits alone) are different bodies.
package enum TextComment {
    /// Bytes after the zero bits in the first cell.
    static let firstCellBytesMax = 123
    /// Bytes in each of the other cells.
    static let cellBytesMax = 127

    /// The body that says `text`.
    ///
    /// - Throws: `tooDeep` for more than 130,000 bytes.
    package static func body(_ text: String) throws(CellError) -> Cell {
        let bytes = Array(text.utf8)
        let first = bytes.prefix(firstCellBytesMax)
        var next: Cell?
        var end = bytes.count
        while end > first.endIndex {
            let start = end - ((end - first.endIndex - 1) % cellBytesMax + 1)
            var builder = CellBuilder()
            try builder.store(bytes[start..<end])
            if let next { try builder.store(reference: next) }
            next = try builder.cell()
            end = start
        }
        var builder = CellBuilder()
        try builder.store(0, bits: 32)
        try builder.store(first)
        if let next { try builder.store(reference: next) }
        return try builder.cell()
    }

    /// The comment that `body` is; nil when it is none, isn't UTF-8, or is longer than `bytesMax`.
    package static func text(of body: Cell, bytesMax: Int = 4096) -> String? {
        guard var slice = try? CellSlice(body), let operation = try? slice.loadUInt(32),
            operation == 0
        else { return nil }
        var bytes: [UInt8] = []
        while true {
            guard slice.bitsLeft.isMultiple(of: 8), slice.referencesLeft <= 1,
                bytes.count + slice.bitsLeft / 8 <= bytesMax,
                let part = try? slice.loadBytes(slice.bitsLeft / 8)
            else { return nil }
            bytes += part
            guard slice.referencesLeft == 1 else { break }
            guard let next = try? slice.loadReference(), let nextSlice = try? CellSlice(next) else {
                return nil
            }
            slice = nextSlice
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
