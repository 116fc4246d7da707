// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// What a contract starts with: its code and its data. The hash of both is its address.
package struct StateInit: Hashable, Sendable {
    package let code: Cell
    package let data: Cell

    package init(code: Cell, data: Cell) {
        self.code = code
        self.data = data
    }

    /// No fixed prefix, not special, code, data, no libraries.
    ///
    /// - Throws: `tooDeep`.
    package func cell() throws(CellError) -> Cell {
        var builder = CellBuilder()
        try builder.store(0b00, bits: 2)
        try builder.store(optional: code)
        try builder.store(optional: data)
        try builder.store(optional: nil)
        return try builder.cell()
    }

    package func address(workchain: Int8 = 0) throws(CellError) -> TONAddress {
        TONAddress(workchain: workchain, accountHash: try cell().hash)
    }
}
