// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The account of a smart contract: its workchain and the hash of its initial state.
package struct TONAddress: Hashable, Sendable {
    /// 0 (basechain) or −1 (masterchain).
    package let workchain: Int8
    /// The 32 bytes of the hash, as four big-endian words.
    private let hash: (UInt64, UInt64, UInt64, UInt64)

    init(workchain: Int8, hash: (UInt64, UInt64, UInt64, UInt64)) {
        self.workchain = workchain
        self.hash = hash
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.workchain == right.workchain && left.hash == right.hash
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(workchain)
        hasher.combine(hash.0)
        hasher.combine(hash.1)
        hasher.combine(hash.2)
        hasher.combine(hash.3)
    }

    /// The canonical form: `0:` or `-1:` and 64 lower-case hexadecimal digits.
    package var rawText: String {
        var text: [UInt8] = []
        text.reserveCapacity(67)
        if workchain < 0 { text.append(UInt8(ascii: "-")) }
        text.append(UInt8(ascii: "0") + workchain.magnitude)
        text.append(UInt8(ascii: ":"))
        for word in [hash.0, hash.1, hash.2, hash.3] {
            for shift in stride(from: UInt64(60), through: 0, by: -4) {
                let nibble = UInt8(truncatingIfNeeded: word >> shift) & 0xF
                text.append(
                    nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The friendly form of TEP-2 in the URL-safe alphabet, for people and explorers.
    ///
    /// - Parameters:
    ///   - isBounceable: whether a wallet that pays to this text asks for a bounce.
    ///   - isTestOnly: whether wallets on mainnet should refuse the text.
    package func friendlyText(isBounceable: Bool, isTestOnly: Bool = false) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(FriendlyForm.byteCount)
        bytes.append(FriendlyForm.tag(isBounceable: isBounceable, isTestOnly: isTestOnly))
        bytes.append(UInt8(bitPattern: workchain))
        for word in [hash.0, hash.1, hash.2, hash.3] {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        var checksum = CRC16()
        for byte in bytes { checksum.add(byte) }
        bytes.append(UInt8(checksum.value >> 8))
        bytes.append(UInt8(truncatingIfNeeded: checksum.value))
        return FriendlyForm.encode(bytes)
    }
}

/// The chain a server pays on.
package enum TONNetwork: String, Sendable, CaseIterable {
    case mainnet
    case testnet
}

/// The friendly form of TEP-2: tag, workchain, hash, CRC16 in 48 characters of base64.
enum FriendlyForm {
    static let byteCount = 36
    static let characterCount = 48

    private static let bounceable: UInt8 = 0x11
    private static let nonBounceable: UInt8 = 0x51
    private static let testOnly: UInt8 = 0x80

    static func tag(isBounceable: Bool, isTestOnly: Bool) -> UInt8 {
        (isBounceable ? bounceable : nonBounceable) | (isTestOnly ? testOnly : 0)
    }

    static func flags(ofTag tag: UInt8) -> (isBounceable: Bool, isTestOnly: Bool)? {
        switch tag & ~testOnly {
        case bounceable: (true, tag & testOnly != 0)
        case nonBounceable: (false, tag & testOnly != 0)
        default: nil
        }
    }

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(characterCount)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group =
                UInt32(bytes[start]) << 16 | UInt32(bytes[start + 1]) << 8
                | UInt32(bytes[start + 2])
            for shift in stride(from: UInt32(18), through: 0, by: -6) {
                text.append(character(UInt8(group >> shift & 0x3F)))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func character(_ sextet: UInt8) -> UInt8 {
        switch sextet {
        case 0..<26: UInt8(ascii: "A") + sextet
        case 26..<52: UInt8(ascii: "a") + sextet - 26
        case 52..<62: UInt8(ascii: "0") + sextet - 52
        case 62: UInt8(ascii: "-")
        default: UInt8(ascii: "_")
        }
    }
}

/// CRC-16/XMODEM: polynomial 0x1021, start 0, nothing reflected.
///
/// It catches every run of wrong bits up to 16 long, hence every mistyped character (6 bits) and
/// every two neighbours swapped (12 bits).
struct CRC16 {
    private static let table: [UInt16] = (0..<256).map { index in
        var remainder = UInt16(index) << 8
        for _ in 0..<8 {
            remainder = remainder & 0x8000 == 0 ? remainder << 1 : remainder << 1 ^ 0x1021
        }
        return remainder
    }

    private(set) var value: UInt16 = 0

    mutating func add(_ byte: UInt8) {
        value = value << 8 ^ Self.table[Int(UInt8(value >> 8) ^ byte)]
    }
}
