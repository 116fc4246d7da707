// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The account of a smart contract: its workchain and the hash of its initial state.
package struct TONAddress: Hashable, Sendable {
    /// 0 (basechain) or −1 (masterchain).
    package let workchain: Int8
    /// The hash of the contract's state init.
    package let accountHash: Hash256

    package init(workchain: Int8, accountHash: Hash256) {
        self.workchain = workchain
        self.accountHash = accountHash
    }

    /// All of it: anybody can name addresses that are alike in their first bytes.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(workchain)
        hasher.combine(accountHash.words.0)
        hasher.combine(accountHash.words.1)
        hasher.combine(accountHash.words.2)
        hasher.combine(accountHash.words.3)
    }

    /// The canonical form: `0:` or `-1:` and 64 lower-case hexadecimal digits.
    package var rawText: String {
        // Short texts need no memory, unlike those that are interpolated.
        let prefix = workchain == 0 ? "0:" : workchain == -1 ? "-1:" : "\(workchain):"
        return Hexadecimal.encode(accountHash.inlineBytes.span, after: prefix)
    }

    /// The friendly form of TEP-2 in the URL-safe alphabet, for people and explorers.
    ///
    /// - Parameters:
    ///   - isBounceable: whether a wallet that pays to this text asks for a bounce.
    ///   - isTestOnly: whether wallets on mainnet should refuse the text.
    package func friendlyText(isBounceable: Bool, isTestOnly: Bool = false) -> String {
        var bytes = FriendlyForm.Bytes(repeating: 0)
        bytes[0] = FriendlyForm.tag(isBounceable: isBounceable, isTestOnly: isTestOnly)
        bytes[1] = UInt8(bitPattern: workchain)
        for index in 0..<Hash256.byteCount {
            bytes[FriendlyForm.hashStart + index] = accountHash[index]
        }
        let checksum = CRC16(of: bytes.span.extracting(first: FriendlyForm.byteCount - 2)).value
        bytes[FriendlyForm.byteCount - 2] = UInt8(checksum >> 8)
        bytes[FriendlyForm.byteCount - 1] = UInt8(truncatingIfNeeded: checksum)
        return Base64.encode(bytes.span, alphabet: .urlSafe)
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
    /// Behind the tag and the workchain.
    static let hashStart = 2
    static let hash = hashStart..<hashStart + Hash256.byteCount

    typealias Bytes = InlineArray<36, UInt8>

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
}

/// CRC-16/XMODEM: polynomial 0x1021, start 0, nothing reflected.
///
/// It catches every run of wrong bits up to 16 long, hence every mistyped character (6 bits) and
/// every two neighbours swapped (12 bits).
struct CRC16 {
    private(set) var value: UInt16 = 0

    init(of bytes: Span<UInt8>) {
        for index in bytes.indices { add(bytes[index]) }
    }

    /// Eight bits at once: 0x1021 has so few terms that their sum needs no table.
    private mutating func add(_ byte: UInt8) {
        var sum = value >> 8 ^ UInt16(byte)
        sum ^= sum >> 4
        value = value << 8 ^ sum << 12 ^ sum << 5 ^ sum
    }
}
