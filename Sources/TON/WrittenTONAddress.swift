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
        let characters = text.utf8
        // Both forms are short; what is longer is not worth a look at each character.
        guard (1...Self.bytesMax).contains(characters.count) else {
            throw .wrongLength(characters.count)
        }
        if characters.contains(UInt8(ascii: ":")) {
            address = try Self.parseRaw(characters)
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
        _ characters: String.UTF8View
    ) throws(TONAddressError) -> (address: TONAddress, isBounceable: Bool, isTestOnly: Bool) {
        var position = 0
        var alphabets: Alphabets = []
        var buffer: UInt32 = 0
        var checksum = CRC16()
        var bytes = (tag: UInt8(0), workchain: UInt8(0))
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

        for character in characters {
            guard let sextet = sextet(character, &alphabets) else {
                throw .characterNotAllowed(position: position)
            }
            buffer = buffer << 6 | UInt32(sextet)
            position += 1
            guard position & 3 == 0, position <= FriendlyForm.characterCount else { continue }
            let first = position / 4 * 3 - 3
            for offset in 0..<3 {
                let byte = UInt8(truncatingIfNeeded: buffer >> UInt32(16 - 8 * offset))
                checksum.add(byte)
                switch first + offset {
                case 0: bytes.tag = byte
                case 1: bytes.workchain = byte
                case 2..<10: words.0 = words.0 << 8 | UInt64(byte)
                case 10..<18: words.1 = words.1 << 8 | UInt64(byte)
                case 18..<26: words.2 = words.2 << 8 | UInt64(byte)
                case 26..<34: words.3 = words.3 << 8 | UInt64(byte)
                default: break
                }
            }
        }
        guard position == FriendlyForm.characterCount else { throw .wrongLength(position) }
        guard alphabets != [.standard, .urlSafe] else { throw .mixedAlphabets }
        // The checksum of everything with its own checksum is zero.
        guard checksum.value == 0 else { throw .checksum }
        guard let flags = FriendlyForm.flags(ofTag: bytes.tag) else {
            throw .unknownTag(bytes.tag)
        }
        let workchain = Int8(bitPattern: bytes.workchain)
        guard workchain == 0 || workchain == -1 else { throw .workchain }
        return (
            TONAddress(workchain: workchain, accountHash: Hash256(words: words)),
            flags.isBounceable, flags.isTestOnly
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

    private static func parseRaw(
        _ characters: String.UTF8View
    ) throws(TONAddressError) -> TONAddress {
        guard let colon = characters.firstIndex(of: UInt8(ascii: ":")) else {
            throw .malformedRawForm
        }
        let workchain = try rawWorkchain(characters[..<colon])
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var digits = 0
        for character in characters[characters.index(after: colon)...] {
            guard let digit = Hexadecimal.value(of: character).map(UInt64.init) else {
                throw .malformedRawForm
            }
            switch digits / 16 {
            case 0: words.0 = words.0 << 4 | digit
            case 1: words.1 = words.1 << 4 | digit
            case 2: words.2 = words.2 << 4 | digit
            default: words.3 = words.3 << 4 | digit
            }
            digits += 1
        }
        guard digits == 64 else { throw .malformedRawForm }
        return TONAddress(workchain: workchain, accountHash: Hash256(words: words))
    }

    private static func rawWorkchain(
        _ characters: Substring.UTF8View
    ) throws(TONAddressError) -> Int8 {
        if characters.elementsEqual("0".utf8) { return 0 }
        if characters.elementsEqual("-1".utf8) { return -1 }
        let digits = characters.first == UInt8(ascii: "-") ? characters.dropFirst() : characters
        let isNumber = !digits.isEmpty && digits.allSatisfy { (0x30...0x39).contains($0) }
        throw isNumber ? .workchain : .malformedRawForm
    }
}
