// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Where a checked string stands, without its quotes.
struct JSONStringRange: Sendable {
    let start: Int
    let end: Int
    let hasEscapes: Bool

    static func hexValue(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}

/// The key of an object's member, compared without making text of it.
public struct JSONKey: Sendable {
    private let bytes: [UInt8]
    fileprivate let range: JSONStringRange

    /// - Precondition: the reader has checked the string.
    init(_ bytes: [UInt8], _ range: JSONStringRange) {
        self.bytes = bytes
        self.range = range
    }

    public static func == (key: JSONKey, text: String) -> Bool {
        guard !key.range.hasEscapes else { return key.text == text }
        let count = key.range.end - key.range.start
        guard count == text.utf8.count else { return false }
        return key.bytes[key.range.start..<key.range.end].elementsEqual(text.utf8)
    }

    public static func != (key: JSONKey, text: String) -> Bool { !(key == text) }

    /// The key with its escapes resolved.
    public var text: String {
        guard range.hasEscapes else {
            return String(decoding: bytes[range.start..<range.end], as: UTF8.self)
        }
        return String(decoding: unescaped, as: UTF8.self)
    }

    /// FNV-1a over the resolved bytes.
    fileprivate var hash: UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        if range.hasEscapes {
            for byte in unescaped { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        } else {
            for index in range.start..<range.end {
                hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01B3
            }
        }
        return hash
    }

    /// Whether this key is the one that stands at `start..<end` of the same bytes.
    fileprivate func isEqual(toRange start: Int, _ end: Int) -> Bool {
        JSONKey(bytes, JSONStringRange(start: start, end: end, hasEscapes: true)).resolved
            == resolved
    }

    fileprivate var resolved: [UInt8] {
        range.hasEscapes ? unescaped : Array(bytes[range.start..<range.end])
    }

    private var unescaped: [UInt8] {
        var resolved: [UInt8] = []
        resolved.reserveCapacity(range.end - range.start)
        var index = range.start
        while index < range.end {
            guard bytes[index] == UInt8(ascii: "\\") else {
                resolved.append(bytes[index])
                index += 1
                continue
            }
            let escape = bytes[index + 1]
            index += 2
            switch escape {
            case UInt8(ascii: "b"): resolved.append(0x08)
            case UInt8(ascii: "f"): resolved.append(0x0C)
            case UInt8(ascii: "n"): resolved.append(0x0A)
            case UInt8(ascii: "r"): resolved.append(0x0D)
            case UInt8(ascii: "t"): resolved.append(0x09)
            case UInt8(ascii: "u"):
                var scalar = codeUnit(at: index)
                index += 4
                if scalar & 0xFC00 == 0xD800 {
                    scalar = 0x10000 + (scalar & 0x3FF) << 10 + codeUnit(at: index + 2) & 0x3FF
                    index += 6
                }
                Self.append(scalar, to: &resolved)
            default: resolved.append(escape)
            }
        }
        return resolved
    }

    private func codeUnit(at start: Int) -> UInt32 {
        bytes[start..<start + 4].reduce(0) { $0 << 4 | (JSONStringRange.hexValue($1) ?? 0) }
    }

    private static func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
        guard let scalar = Unicode.Scalar(scalar) else { return }
        bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
}

/// The keys of one object so far: eight in place, so that a common object costs no allocation,
/// and more in a set, whose hashing is seeded, so that nobody can send keys that collide.
struct SeenKeys {
    private var hashes = SIMD8<UInt64>(repeating: 0)
    private var starts = SIMD8<Int>(repeating: 0)
    private var ends = SIMD8<Int>(repeating: 0)
    private var count = 0
    private var more: Set<[UInt8]> = []

    /// Notes a key; false when it is there already.
    mutating func insert(_ key: JSONKey) -> Bool {
        let hash = key.hash
        for index in 0..<count where hashes[index] == hash {
            if key.isEqual(toRange: starts[index], ends[index]) { return false }
        }
        guard count == hashes.scalarCount else {
            hashes[count] = hash
            starts[count] = key.range.start
            ends[count] = key.range.end
            count += 1
            return true
        }
        return more.insert(key.resolved).inserted
    }
}
