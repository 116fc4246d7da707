// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Which header fields may be sent (RFC 9110 section 5). Checked before anything is sent, because
/// the client's own refusal quotes the field, which may be a secret.
enum HeaderRules {
    /// The client's business: they frame the message or name the host.
    private static let reserved: Set<String> = [
        "host", "content-length", "transfer-encoding", "connection", "trailer", "upgrade", "te",
        "expect",
    ]

    static func allow(_ fields: [String: String]) -> Bool {
        fields.allSatisfy { allows($0.key, $0.value) }
    }

    static func allows(_ name: String, _ value: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy(isTokenByte) && !reserved.contains(name.lowercased())
            && value.utf8.allSatisfy { $0 == UInt8(ascii: "\t") || ($0 >= 0x20 && $0 != 0x7F) }
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
