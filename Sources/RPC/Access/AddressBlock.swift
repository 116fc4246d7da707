// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The addresses that count as one caller: an IPv4 address, or the /64 an IPv6 address lies in.
///
/// A /64 is the smallest network that is handed to one subscriber (RFC 6177, RFC 4291 section
/// 2.5.1), so whoever has one IPv6 address has 2^64 of them.
enum AddressBlock: Hashable {
    /// Also for IPv4-mapped IPv6 addresses (RFC 4291 section 2.5.5.2), which a socket that
    /// listens on both families shows for IPv4 peers.
    case ipv4(UInt32)
    /// The upper half of the address.
    case ipv6(UInt64)
    /// No address in text, such as the name of a local socket.
    case other(String)

    /// Reads the text form of RFC 4291 section 2.2, with or without a zone (RFC 4007 section 11).
    init(_ address: String) {
        let bytes = Array(address.utf8)
        if let ipv4 = Self.ipv4(bytes[...]) {
            self = .ipv4(ipv4)
        } else if let groups = Self.ipv6(bytes.prefix { $0 != UInt8(ascii: "%") }) {
            let words = groups.map(UInt64.init)
            if words[..<5].allSatisfy({ $0 == 0 }), words[5] == 0xFFFF {
                self = .ipv4(UInt32(words[6] << 16 | words[7]))
            } else {
                self = .ipv6(words[..<4].reduce(0) { $0 << 16 | $1 })
            }
        } else {
            self = .other(address)
        }
    }

    private static func ipv4(_ text: ArraySlice<UInt8>) -> UInt32? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = UInt8(String(decoding: part, as: UTF8.self))
            else { return nil }
            address = address << 8 | UInt32(number)
        }
        return address
    }

    /// The eight groups; nil when `text` is no IPv6 address.
    private static func ipv6(_ text: ArraySlice<UInt8>) -> [UInt16]? {
        let colon = UInt8(ascii: ":")
        let gap = text.indices.dropLast().first { text[$0] == colon && text[$0 + 1] == colon }
        guard let gap else {
            let all = groups(text, mayEndInIPv4: true)
            return all?.count == 8 ? all : nil
        }
        guard let head = groups(text[..<gap], mayEndInIPv4: false),
            let tail = groups(text[(gap + 2)...], mayEndInIPv4: true),
            head.count + tail.count < 8
        else { return nil }
        return head + [UInt16](repeating: 0, count: 8 - head.count - tail.count) + tail
    }

    private static func groups(_ text: ArraySlice<UInt8>, mayEndInIPv4: Bool) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        var groups: [UInt16] = []
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if mayEndInIPv4, index == parts.count - 1, let ipv4 = ipv4(part) {
                groups += [UInt16(ipv4 >> 16), UInt16(ipv4 & 0xFFFF)]
                continue
            }
            // A number's sign would pass too.
            guard (1...4).contains(part.count), part[part.startIndex] != UInt8(ascii: "+"),
                let group = UInt16(String(decoding: part, as: UTF8.self), radix: 16)
            else { return nil }
            groups.append(group)
        }
        return groups
    }
}
