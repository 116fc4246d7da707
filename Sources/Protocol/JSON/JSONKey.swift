// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The key of an object's member, its escapes resolved; two are equal when their bytes are.
///
/// Up to sixteen bytes, which is any name the contract has, lie in the key itself, so that
/// reading and comparing it allocates nothing.
public struct JSONKey: Hashable, Sendable {
    private static let inlineBytesMax = 16

    /// The first eight bytes and the next eight, the first of them lowest, filled up with zeros.
    fileprivate let low: UInt64
    fileprivate let high: UInt64
    fileprivate let count: Int
    /// All bytes when they are too many to lie inline.
    private let long: [UInt8]

    fileprivate var isInline: Bool { count <= Self.inlineBytesMax }

    init(_ range: JSONStringRange, in bytes: [UInt8]) {
        if range.hasEscapes {
            let resolved = range.resolved(in: bytes)
            self.init(Array(resolved), 0..<resolved.count)
        } else {
            self.init(bytes, range.start..<range.end)
        }
    }

    private init(_ bytes: [UInt8], _ range: Range<Int>) {
        count = range.count
        guard count <= Self.inlineBytesMax else {
            low = 0
            high = 0
            long = Array(bytes[range])
            return
        }
        var (low, high): (UInt64, UInt64) = (0, 0)
        for index in range.reversed() {
            high = high << 8 | low >> 56
            low = low << 8 | UInt64(bytes[index])
        }
        self.low = low
        self.high = high
        long = []
    }

    public static func == (key: JSONKey, name: StaticString) -> Bool {
        let count = name.utf8CodeUnitCount
        guard key.count == count else { return false }
        return name.withUTF8Buffer { name in
            guard key.isInline else { return unsafe key.long.elementsEqual(name) }
            var (low, high) = (key.low, key.high)
            for index in 0..<count {
                guard unsafe UInt8(truncatingIfNeeded: low) == name[index] else { return false }
                low = low >> 8 | high << 56
                high >>= 8
            }
            return true
        }
    }

    public static func != (key: JSONKey, name: StaticString) -> Bool { !(key == name) }

    public var text: String {
        guard isInline else { return String(decoding: long, as: UTF8.self) }
        let bytes = (0..<count).map { index in
            UInt8(truncatingIfNeeded: index < 8 ? low >> (8 * index) : high >> (8 * (index - 8)))
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The keys of one object so far: eight short ones in place, compared in turn, and the rest in a
/// set, whose seeded hash keeps chosen keys from colliding.
struct SeenKeys {
    private static let inPlaceMax = 8

    private var lows = SIMD8<UInt64>()
    private var highs = SIMD8<UInt64>()
    private var counts = SIMD8<UInt8>()
    private var used = 0
    private var more: Set<JSONKey> = []

    /// Notes a key; false when it is there already.
    mutating func insert(_ key: JSONKey) -> Bool {
        guard key.isInline else { return more.insert(key).inserted }
        let count = UInt8(key.count)
        for index in 0..<used
        where lows[index] == key.low && highs[index] == key.high && counts[index] == count {
            return false
        }
        guard used < Self.inPlaceMax else { return more.insert(key).inserted }
        lows[used] = key.low
        highs[used] = key.high
        counts[used] = count
        used += 1
        return true
    }
}
