// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Crypto

/// 256 bits: the hash of a cell, a message or a transaction, or a public key.
package struct Hash256: Hashable, Sendable {
    package static let byteCount = 32

    /// The bytes as four big-endian words.
    let words: (UInt64, UInt64, UInt64, UInt64)

    init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    /// nil unless there are 32 bytes.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.init(words: bytes)
    }

    /// Reads 64 hexadecimal digits of either case.
    package init?(hex: some StringProtocol) {
        guard hex.utf8.count == 2 * Self.byteCount, let bytes = Hexadecimal.decode(hex) else {
            return nil
        }
        self.init(words: bytes)
    }

    /// Reads base64 in either alphabet, as TON's APIs write hashes.
    package init?(base64: some StringProtocol) {
        guard base64.utf8.count <= 44, let bytes = Base64.decode(base64) else { return nil }
        self.init(bytes: bytes)
    }

    private init(words bytes: some Sequence<UInt8>) {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var index = 0
        for byte in bytes {
            switch index >> 3 {
            case 0: words.0 = words.0 << 8 | UInt64(byte)
            case 1: words.1 = words.1 << 8 | UInt64(byte)
            case 2: words.2 = words.2 << 8 | UInt64(byte)
            default: words.3 = words.3 << 8 | UInt64(byte)
            }
            index += 1
        }
        self.words = words
    }

    /// - Parameter bytes: 32 of them.
    init(_ bytes: Span<UInt8>) {
        func word(at position: Int) -> UInt64 {
            var word: UInt64 = 0
            for offset in 0..<8 { word = word << 8 | UInt64(bytes[position + offset]) }
            return word
        }
        words = (word(at: 0), word(at: 8), word(at: 16), word(at: 24))
    }

    /// The SHA-256 of `data`.
    init(sha256 data: [UInt8]) { self.init(sha256: data, count: data.count) }

    /// The SHA-256 of the first `count` bytes of `data`.
    init(sha256 data: [UInt8], count: Int) {
        words = unsafe SHA256.hash(data: data[..<count]).withUnsafeBytes { digest in
            unsafe (
                UInt64(bigEndian: digest.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: digest.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
                UInt64(bigEndian: digest.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
                UInt64(bigEndian: digest.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
            )
        }
    }

    package static func == (left: Self, right: Self) -> Bool { left.words == right.words }

    /// The first word tells hashes apart well enough; equality compares them all.
    package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }

    /// The byte at `index`, from 0 to 31.
    subscript(index: Int) -> UInt8 {
        let word =
            switch index >> 3 {
            case 0: words.0
            case 1: words.1
            case 2: words.2
            default: words.3
            }
        return UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * (index & 7)))
    }

    /// The same bytes as `bytes`, in no memory of their own.
    var inlineBytes: InlineArray<32, UInt8> { InlineArray { self[$0] } }

    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        append(to: &bytes)
        return bytes
    }

    /// 64 lower-case hexadecimal digits.
    package var hex: String { Hexadecimal.encode(inlineBytes.span) }

    /// The standard alphabet with padding: 44 characters.
    package var base64: String { Base64.encode(bytes) }

    /// Writes the 32 bytes over those at `position`.
    func store(in bytes: inout MutableRawSpan, at position: Int) {
        bytes.storeBytes(of: words.0.bigEndian, toByteOffset: position, as: UInt64.self)
        bytes.storeBytes(of: words.1.bigEndian, toByteOffset: position + 8, as: UInt64.self)
        bytes.storeBytes(of: words.2.bigEndian, toByteOffset: position + 16, as: UInt64.self)
        bytes.storeBytes(of: words.3.bigEndian, toByteOffset: position + 24, as: UInt64.self)
    }

    func append(to bytes: inout [UInt8]) {
        bytes.append(bigEndian: words.0)
        bytes.append(bigEndian: words.1)
        bytes.append(bigEndian: words.2)
        bytes.append(bigEndian: words.3)
    }
}

extension Hash256: CustomStringConvertible {
    package var description: String { hex }
}

extension [UInt8] {
    mutating func append(bigEndian word: UInt64) {
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: word >> shift))
        }
    }
}
