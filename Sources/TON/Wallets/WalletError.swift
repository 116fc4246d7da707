// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Why a transfer can't be made or read. `description` is safe to show.
package enum WalletError: Error, Hashable, Sendable {
    case noPayments
    /// More payments than one message of this contract holds.
    case tooManyPayments(max: Int)
    /// A seqno for a highload wallet, or a query for another one.
    case otherSequence
    /// The key is not the wallet's.
    case otherKey
    /// The message would be larger or deeper than the network takes.
    case messageTooLarge
    case cell(CellError)
    case key(WalletKeyError)
}

extension WalletError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noPayments: "there is nothing to pay"
        case .tooManyPayments(let max): "the wallet makes at most \(max) payments at once"
        case .otherSequence: "the wallet is not of the kind that this sequence belongs to"
        case .otherKey: "the key is not the wallet's"
        case .messageTooLarge: "the message is larger than the network takes"
        case .cell(let error): error.description
        case .key(let error): error.description
        }
    }
}
