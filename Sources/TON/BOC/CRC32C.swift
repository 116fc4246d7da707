// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// CRC-32C (Castagnoli): polynomial 0x82F63B78 reflected, start and final xor all ones.
enum CRC32C {
    /// Table k holds the remainders of each byte followed by k zero bytes, so that four bytes go
    /// in one step.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 4 * 256)
        for index in 0..<256 {
            var remainder = UInt32(index)
            for _ in 0..<8 {
                remainder = remainder >> 1 ^ (remainder & 1 == 0 ? 0 : 0x82F6_3B78)
            }
            tables[index] = remainder
        }
        for index in 256..<(4 * 256) {
            let before = tables[index - 256]
            tables[index] = before >> 8 ^ tables[Int(before & 0xFF)]
        }
        return tables
    }()

    static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        let tables = tables
        var remainder = UInt32.max
        var index = bytes.startIndex
        while bytes.endIndex - index >= 4 {
            remainder ^=
                UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8
                | UInt32(bytes[index + 2]) << 16 | UInt32(bytes[index + 3]) << 24
            remainder =
                tables[768 + Int(remainder & 0xFF)] ^ tables[512 + Int(remainder >> 8 & 0xFF)]
                ^ tables[256 + Int(remainder >> 16 & 0xFF)] ^ tables[Int(remainder >> 24)]
            index += 4
        }
        while index < bytes.endIndex {
            remainder =
                remainder >> 8 ^ tables[Int(UInt8(truncatingIfNeeded: remainder) ^ bytes[index])]
            index += 1
        }
        return ~remainder
    }
}
