// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// An address as a person wrote it: the account, and whether a payment to it may bounce.
///
/// The parser is strict where libraries are lax: nothing is trimmed, padded or completed, because
/// a payment can't be taken back. Read are the 48 characters of the friendly form (TEP-2), in one
/// of the two base64 alphabets, and the raw form `0:…` or `-1:…`. The raw form carries no
/// checksum, so only its shape can be checked.
package struct WrittenTONAddress: Hashable, Sendable {
    package let address: TONAddress
    /// Whether the payment returns when no contract takes it.
    ///
    /// As the friendly form says. The raw form doesn't say; it is taken as non-bounceable, as
    /// wallets do, so that a wallet that has not been deployed yet gets its money.
    package let isBounceable: Bool

    /// - Parameters:
    ///   - text: exactly the address.
    ///   - network: a test-only form is refused on any network but testnet.
    package init(_ text: String, on network: TONNetwork) throws(TONAddressError) {
        let characters = text.utf8.span
        // Both forms are short; what is longer is not worth a look at each character.
        guard (1...Self.bytesMax).contains(characters.count) else {
            throw .wrongLength(characters.count)
        }
        if let colon = Self.firstColon(characters) {
            address = try Self.parseRaw(characters, colon: colon)
            isBounceable = false
        } else {
            let form = try Self.parseFriendly(characters)
            if form.isTestOnly, network != .testnet { throw .testOnly }
            address = form.address
            isBounceable = form.isBounceable
        }
    }

    /// The longest text worth a closer look; the longest address has 67 bytes.
    private static let bytesMax = 100

    // MARK: - Friendly form

    private static func parseFriendly(
        _ characters: Span<UInt8>
    ) throws(TONAddressError) -> (address: TONAddress, isBounceable: Bool, isTestOnly: Bool) {
        var alphabets: Alphabets = []
        var buffer: UInt32 = 0
        var bytes = FriendlyForm.Bytes(repeating: 0)
        for position in characters.indices {
            guard let sextet = sextet(characters[position], &alphabets) else {
                throw .characterNotAllowed(position: position)
            }
            buffer = buffer << 6 | UInt32(sextet)
            guard position & 3 == 3, position < FriendlyForm.characterCount else { continue }
            let first = position / 4 * 3
            bytes[first] = UInt8(truncatingIfNeeded: buffer >> 16)
            bytes[first + 1] = UInt8(truncatingIfNeeded: buffer >> 8)
            bytes[first + 2] = UInt8(truncatingIfNeeded: buffer)
        }
        guard characters.count == FriendlyForm.characterCount else {
            throw .wrongLength(characters.count)
        }
        guard alphabets != [.standard, .urlSafe] else { throw .mixedAlphabets }
        // The checksum of everything with its own checksum is zero.
        guard CRC16(of: bytes.span).value == 0 else { throw .checksum }
        guard let flags = FriendlyForm.flags(ofTag: bytes[0]) else { throw .unknownTag(bytes[0]) }
        let workchain = Int8(bitPattern: bytes[1])
        guard workchain == 0 || workchain == -1 else { throw .workchain }
        let hash = Hash256(bytes.span.extracting(FriendlyForm.hash))
        return (
            TONAddress(workchain: workchain, accountHash: hash), flags.isBounceable,
            flags.isTestOnly
        )
    }

    private struct Alphabets: OptionSet {
        let rawValue: UInt8
        static let standard = Alphabets(rawValue: 1)
        static let urlSafe = Alphabets(rawValue: 2)
    }

    private static func sextet(_ character: UInt8, _ alphabets: inout Alphabets) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): return character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): return character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "-"):
            alphabets.insert(.urlSafe)
            return 62
        case UInt8(ascii: "_"):
            alphabets.insert(.urlSafe)
            return 63
        case UInt8(ascii: "+"):
            alphabets.insert(.standard)
            return 62
        case UInt8(ascii: "/"):
            alphabets.insert(.standard)
            return 63
        default: return nil
        }
    }

    // MARK: - Raw form

    private static func firstColon(_ characters: Span<UInt8>) -> Int? {
        characters.indices.first { characters[$0] == UInt8(ascii: ":") }
    }

    private static func parseRaw(
        _ characters: Span<UInt8>, colon: Int
    ) throws(TONAddressError) -> TONAddress {
        let workchain = try rawWorkchain(characters.extracting(first: colon))
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        for position in colon + 1..<characters.count {
            guard let digit = Hexadecimal.value(of: characters[position]).map(UInt64.init) else {
                throw .malformedRawForm
            }
            switch (position - colon - 1) / 16 {
            case 0: words.0 = words.0 << 4 | digit
            case 1: words.1 = words.1 << 4 | digit
            case 2: words.2 = words.2 << 4 | digit
            default: words.3 = words.3 << 4 | digit
            }
        }
        guard characters.count - colon - 1 == 2 * Hash256.byteCount else {
            throw .malformedRawForm
        }
        return TONAddress(workchain: workchain, accountHash: Hash256(words: words))
    }

    private static func rawWorkchain(_ characters: Span<UInt8>) throws(TONAddressError) -> Int8 {
        let isNegative = !characters.isEmpty && characters[0] == UInt8(ascii: "-")
        let digits = characters.extracting(droppingFirst: isNegative ? 1 : 0)
        if digits.count == 1 {
            if digits[0] == UInt8(ascii: "0"), !isNegative { return 0 }
            if digits[0] == UInt8(ascii: "1"), isNegative { return -1 }
        }
        let isNumber =
            !digits.isEmpty && digits.indices.allSatisfy { (0x30...0x39).contains(digits[$0]) }
        throw isNumber ? .workchain : .malformedRawForm
    }
}
