// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Reads a bag of cells: the header, then where each cell stands, then the cells from the last to
/// the first, for a cell refers only to those behind it.
struct BOCReader {
    private let bytes: [UInt8]
    private let limits: BOCLimits
    private var position = 0

    init(_ bytes: [UInt8], limits: BOCLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    private struct Header {
        var referenceSize: Int
        var offsetSize: Int
        var hasIndex: Bool
        var hasCacheBits: Bool
        var hasChecksum: Bool
        var cellCount: Int
        var cellsSize: Int
        var root: Int
    }

    mutating func read() throws(BOCError) -> Cell {
        guard bytes.count <= limits.bytesMax else { throw .tooLarge }
        let header = try readHeader()
        let indexStart = position
        if header.hasIndex { position += header.cellCount * header.offsetSize }
        let cellsStart = position
        let end = cellsStart + header.cellsSize + (header.hasChecksum ? 4 : 0)
        guard end <= bytes.count else { throw .truncated }
        guard end == bytes.count else { throw .trailingBytes }
        if header.hasChecksum {
            let stored = bytes.suffix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            guard CRC32C.checksum(bytes.dropLast(4)) == stored else { throw .checksum }
        }
        let starts = try readStarts(header, from: cellsStart)
        if header.hasIndex { try checkIndex(header, at: indexStart, starts: starts) }
        return try makeCells(header, starts: starts)
    }

    private mutating func readHeader() throws(BOCError) -> Header {
        guard bytes.count >= 4, bytes.starts(with: BOC.magic) else { throw .magic }
        position = 4
        let flags = UInt8(truncatingIfNeeded: try readNumber(1))
        let referenceSize = Int(flags & 7)
        guard flags >> 3 & 3 == 0 else { throw .header("flags") }
        guard (1...4).contains(referenceSize) else { throw .header("size of references") }
        let hasIndex = flags & BOC.indexFlag != 0
        let hasCacheBits = flags & BOC.cacheFlag != 0
        guard hasIndex || !hasCacheBits else { throw .header("flags") }
        let offsetSize = try readNumber(1)
        guard (1...8).contains(offsetSize) else { throw .header("size of offsets") }
        let cellCount = try readNumber(referenceSize)
        guard try readNumber(referenceSize) == 1 else { throw .header("number of roots") }
        guard try readNumber(referenceSize) == 0 else { throw .header("number of absent cells") }
        let cellsSize = try readNumber(offsetSize)
        let root = try readNumber(referenceSize)
        guard cellCount >= 1 else { throw .header("number of cells") }
        guard cellCount <= limits.cellsMax else { throw .tooLarge }
        // Each cell takes two bytes at least; so nothing is reserved that the bytes don't fill.
        guard cellsSize <= bytes.count, cellCount * 2 <= cellsSize else { throw .truncated }
        guard root < cellCount else { throw .header("root") }
        return Header(
            referenceSize: referenceSize, offsetSize: offsetSize, hasIndex: hasIndex,
            hasCacheBits: hasCacheBits, hasChecksum: flags & BOC.checksumFlag != 0,
            cellCount: cellCount, cellsSize: cellsSize, root: root)
    }

    /// Where each cell's description begins, and where the last one ends.
    private func readStarts(_ header: Header, from start: Int) throws(BOCError) -> [Int] {
        let end = start + header.cellsSize
        var starts: [Int] = []
        starts.reserveCapacity(header.cellCount + 1)
        var position = start
        for index in 0..<header.cellCount {
            starts.append(position)
            guard end - position >= 2 else { throw .cellsSize }
            let references = Int(bytes[position] & 7)
            // 0x10 announces hashes of the cell's levels, which no writer puts in.
            guard references <= Cell.referencesMax, bytes[position] & 0x10 == 0 else {
                throw .cell(index)
            }
            position += 2 + (Int(bytes[position + 1]) + 1) / 2 + references * header.referenceSize
            guard position <= end else { throw .cellsSize }
        }
        guard position == end else { throw .cellsSize }
        starts.append(position)
        return starts
    }

    /// An entry of the index is where the cell ends, counted from where the first begins; with
    /// cache bits it is twice that, and the lowest bit says whether the cell is worth keeping.
    private func checkIndex(
        _ header: Header, at indexStart: Int, starts: [Int]
    ) throws(BOCError) {
        for index in 0..<header.cellCount {
            let entry = number(
                at: indexStart + index * header.offsetSize, byteCount: header.offsetSize)
            let expected = starts[index + 1] - starts[0]
            guard (header.hasCacheBits ? entry >> 1 : entry) == expected else { throw .index }
        }
    }

    private func makeCells(_ header: Header, starts: [Int]) throws(BOCError) -> Cell {
        var scratch: [UInt8] = []
        // The last cell comes first.
        var cells: [Cell] = []
        cells.reserveCapacity(header.cellCount)
        for index in (0..<header.cellCount).reversed() {
            let start = starts[index]
            let dataStart = start + 2
            let dataEnd = dataStart + (Int(bytes[start + 1]) + 1) / 2
            var references: [Cell] = []
            let referenceCount = Int(bytes[start] & 7)
            if referenceCount > 0 { references.reserveCapacity(referenceCount) }
            for offset in 0..<referenceCount {
                let target = number(
                    at: dataEnd + offset * header.referenceSize, byteCount: header.referenceSize)
                guard target > index, target < header.cellCount else {
                    throw .reference(cell: index)
                }
                references.append(cells[header.cellCount - 1 - target])
            }
            let cell = try makeCell(
                index, bytes[dataStart..<dataEnd], descriptor: bytes[start],
                isByteAligned: bytes[start + 1] & 1 == 0, references: references,
                scratch: &scratch)
            guard cell.depth <= limits.depthMax else { throw .tooLarge }
            cells.append(cell)
        }
        return cells[header.cellCount - 1 - header.root]
    }

    private func makeCell(
        _ index: Int, _ data: ArraySlice<UInt8>, descriptor: UInt8, isByteAligned: Bool,
        references: [Cell], scratch: inout [UInt8]
    ) throws(BOCError) -> Cell {
        var bitCount = data.count * 8
        if !isByteAligned {
            // The last byte ends with a one and zeros; more than seven of these are not allowed.
            guard let last = data.last, last & 0x7F != 0 else { throw .cell(index) }
            bitCount -= last.trailingZeroBitCount + 1
        }
        var kind = CellKind.ordinary
        if descriptor & 8 != 0 {
            guard limits.allowsExoticCells, bitCount >= 8, let type = data.first,
                let exotic = CellKind(rawValue: type), exotic != .ordinary
            else { throw .cell(index) }
            kind = exotic
        }
        do {
            let cell = try Cell(
                data: Array(data), bitCount: bitCount, references: references, kind: kind,
                scratch: &scratch)
            guard cell.levelMask == descriptor >> 5 else { throw BOCError.cell(index) }
            return cell
        } catch let error as CellError {
            throw error == .tooDeep ? .tooLarge : .cell(index)
        } catch {
            throw .cell(index)
        }
    }

    /// A big-endian number of 1…8 bytes.
    ///
    /// - Throws: `truncated`; `tooLarge` when it is 2⁶³ or more.
    private mutating func readNumber(_ byteCount: Int) throws(BOCError) -> Int {
        guard bytes.count - position >= byteCount else { throw .truncated }
        defer { position += byteCount }
        let value = number(at: position, byteCount: byteCount)
        guard value >= 0 else { throw .tooLarge }
        return value
    }

    private func number(at start: Int, byteCount: Int) -> Int {
        var value = 0
        for index in start..<(start + byteCount) { value = value << 8 | Int(bytes[index]) }
        return value
    }
}
