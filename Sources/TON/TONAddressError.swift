// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Why a text is not an address that can be paid to. `description` is safe to show to the caller.
package enum TONAddressError: Error, Hashable, Sendable {
    /// Neither form has this many characters.
    case wrongLength(Int)
    /// The byte at this position, counted from 0, can't stand in a friendly address.
    case characterNotAllowed(position: Int)
    /// `-` or `_` (the URL-safe alphabet) stands together with `+` or `/` (the standard one).
    case mixedAlphabets
    /// The checksum doesn't match: something was mistyped or left out.
    case checksum
    /// The checksum matches, but the first byte is none of the four that TEP-2 defines.
    case unknownTag(UInt8)
    /// The address is in a workchain other than 0 and −1.
    case workchain
    /// The address is marked for test networks, and this is not one.
    case testOnly
    /// The raw form is not a workchain, a colon and 64 hexadecimal digits.
    case malformedRawForm
}

extension TONAddressError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .wrongLength(let count):
            "a TON address has 48 characters, or a workchain, a colon and 64 hexadecimal digits; "
                + "this has \(count) characters"
        case .characterNotAllowed(let position):
            "character \(position + 1) can't stand in a TON address"
        case .mixedAlphabets: "the address mixes the two base64 alphabets"
        case .checksum: "the address's checksum is wrong; a character may be mistyped"
        case .unknownTag: "the address begins with an unknown tag"
        case .workchain: "the address is in a workchain other than 0 and -1"
        case .testOnly: "the address is for test networks only"
        case .malformedRawForm:
            "a raw address is 0 or -1, a colon and 64 hexadecimal digits"
        }
    }
}
