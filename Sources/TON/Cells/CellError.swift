// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Why a cell can't be built or its content isn't what was expected. `description` is safe to show.
package enum CellError: Error, Hashable, Sendable {
    /// More bits were asked for than are left.
    case dataUnderflow
    /// More references were asked for than are left.
    case referenceUnderflow
    /// More than 1023 bits.
    case dataOverflow
    /// More than four references.
    case referenceOverflow
    /// Deeper than 1024 cells.
    case tooDeep
    /// A number needs more bits than the field has, or than this program counts in.
    case valueTooLarge
    /// The content of a cell that is not ordinary can't be read.
    case exoticCell
    /// An exotic cell doesn't have the form of its type.
    case malformedExoticCell
    /// A field doesn't have one of the values it may have. The text names the field.
    case malformed(String)
}

extension CellError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .dataUnderflow: "the cell has too few bits"
        case .referenceUnderflow: "the cell has too few references"
        case .dataOverflow: "a cell has at most 1023 bits"
        case .referenceOverflow: "a cell has at most 4 references"
        case .tooDeep: "cells are too deep"
        case .valueTooLarge: "a number is too large for its field"
        case .exoticCell: "the cell is exotic"
        case .malformedExoticCell: "an exotic cell is malformed"
        case .malformed(let field): "\(field) is malformed"
        }
    }
}
