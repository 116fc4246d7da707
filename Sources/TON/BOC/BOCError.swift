// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Why bytes are not a bag of cells that is read here. `description` is safe to show.
package enum BOCError: Error, Hashable, Sendable {
    /// The bytes don't begin with `b5ee9c72`.
    case magic
    /// The bytes end too early.
    case truncated
    /// Bytes follow after the end.
    case trailingBytes
    /// A field of the header has a value that is not allowed; the text names the field.
    case header(String)
    /// The checksum doesn't match.
    case checksum
    /// The index doesn't say where the cells are.
    case index
    /// More bytes, cells or levels than the limits allow.
    case tooLarge
    /// This cell's description, counted from 0, is not allowed.
    case cell(Int)
    /// A cell refers to itself, to one before it, or to none.
    case reference(cell: Int)
    /// The cells take fewer or more bytes than the header says.
    case cellsSize
}

extension BOCError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .magic: "not a bag of cells"
        case .truncated: "the bag of cells is cut short"
        case .trailingBytes: "bytes follow the bag of cells"
        case .header(let field): "the bag of cells has a wrong \(field)"
        case .checksum: "the checksum of the bag of cells is wrong"
        case .index: "the index of the bag of cells is wrong"
        case .tooLarge: "the bag of cells is over the limits"
        case .cell(let index): "cell \(index) is malformed"
        case .reference(let index): "cell \(index) has a wrong reference"
        case .cellsSize: "the cells don't fill the bag of cells"
        }
    }
}

/// What a reader of bags of cells takes at most.
package struct BOCLimits: Hashable, Sendable {
    package var bytesMax: Int
    package var cellsMax: Int
    /// 0…1024.
    package var depthMax: Int
    /// Whether library cells, Merkle proofs and pruned branches are taken; see `CellLevels`.
    package var allowsExoticCells: Bool

    package init(
        bytesMax: Int = 4 << 20, cellsMax: Int = 65_536, depthMax: Int = 512,
        allowsExoticCells: Bool = false
    ) {
        self.bytesMax = bytesMax
        self.cellsMax = cellsMax
        self.depthMax = depthMax
        self.allowsExoticCells = allowsExoticCells
    }

    /// For what the chain holds: anybody may have put exotic cells into it.
    package static let chain = BOCLimits(allowsExoticCells: true)
}
