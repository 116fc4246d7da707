// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// What a wallet is to send: one message to one account.
package struct Payment: Hashable, Sendable {
    package let destination: TONAddress
    /// Whether the money comes back when no contract takes it.
    package let isBounceable: Bool
    package let nanotons: UInt64
    package let body: Cell

    package init(destination: TONAddress, isBounceable: Bool, nanotons: UInt64, body: Cell) {
        self.destination = destination
        self.isBounceable = isBounceable
        self.nanotons = nanotons
        self.body = body
    }

    /// - Parameter comment: nil for none, which is another body than an empty one.
    /// - Throws: `tooDeep` for a comment of more than 130,000 bytes.
    package init(
        destination: TONAddress, isBounceable: Bool, nanotons: UInt64, comment: String?
    ) throws(CellError) {
        self.init(
            destination: destination, isBounceable: isBounceable, nanotons: nanotons,
            body: try comment.map(TextComment.body) ?? .empty)
    }

    var message: InternalMessage {
        InternalMessage(
            destination: destination, isBounceable: isBounceable, nanotons: nanotons, body: body)
    }
}
