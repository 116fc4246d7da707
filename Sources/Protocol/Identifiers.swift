// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The tenant a principal belongs to; it leads every key in the ledger.
public struct TenantID: Hashable, Sendable, CustomStringConvertible {
    /// The tenant of a server that runs without tokens.
    public static let standard = TenantID(unchecked: "default")

    public let text: String

    private init(unchecked text: String) { self.text = text }

    /// 1 to 64 characters of `A–Z a–z 0–9 . _ : -`; nil for anything else.
    public init?(_ text: String) {
        guard IdentifierText.isValid(text.utf8) else { return nil }
        self.text = text
    }

    public var description: String { text }
}

/// A user's account within a tenant, named by the caller.
public struct AccountID: Hashable, Sendable, CustomStringConvertible {
    public let text: String

    /// 1 to 64 characters of `A–Z a–z 0–9 . _ : -`; nil for anything else.
    public init?(_ text: String) {
        guard IdentifierText.isValid(text.utf8) else { return nil }
        self.text = text
    }

    init?(bytes: ArraySlice<UInt8>) {
        guard IdentifierText.isValid(bytes) else { return nil }
        text = String(decoding: bytes, as: UTF8.self)
    }

    public var description: String { text }
}

/// A withdrawal's id, given by the server.
public struct WithdrawalID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let uuid: UUIDv7

    public init(_ uuid: UUIDv7) { self.uuid = uuid }

    /// Reads the 36 characters of a UUIDv7; nil for anything else.
    public init?(_ text: String) {
        guard let uuid = UUIDv7(text) else { return nil }
        self.uuid = uuid
    }

    init?(bytes: ArraySlice<UInt8>) {
        guard let uuid = UUIDv7(bytes: bytes) else { return nil }
        self.uuid = uuid
    }

    public static func < (left: Self, right: Self) -> Bool { left.uuid < right.uuid }

    public var description: String { uuid.description }
}

/// The id of an auction or a presale, given by the server.
public struct DealID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let uuid: UUIDv7

    public init(_ uuid: UUIDv7) { self.uuid = uuid }

    /// Reads the 36 characters of a UUIDv7; nil for anything else.
    public init?(_ text: String) {
        guard let uuid = UUIDv7(text) else { return nil }
        self.uuid = uuid
    }

    init?(bytes: ArraySlice<UInt8>) {
        guard let uuid = UUIDv7(bytes: bytes) else { return nil }
        self.uuid = uuid
    }

    public static func < (left: Self, right: Self) -> Bool { left.uuid < right.uuid }

    public var description: String { uuid.description }
}

/// The id of a purchase at a marketplace or a withdrawal from it, given by the server.
public struct MarketOperationID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let uuid: UUIDv7

    public init(_ uuid: UUIDv7) { self.uuid = uuid }

    /// Reads the 36 characters of a UUIDv7; nil for anything else.
    public init?(_ text: String) {
        guard let uuid = UUIDv7(text) else { return nil }
        self.uuid = uuid
    }

    init?(bytes: ArraySlice<UInt8>) {
        guard let uuid = UUIDv7(bytes: bytes) else { return nil }
        self.uuid = uuid
    }

    public static func < (left: Self, right: Self) -> Bool { left.uuid < right.uuid }

    public var description: String { uuid.description }
}

/// The caller's name for one operation: the same key executes once, for ever.
public struct IdempotencyKey: Hashable, Sendable, CustomStringConvertible {
    public static let charactersMax = 255

    public let text: String

    /// 1 to 255 printable ASCII characters (`!` to `~` and the space); nil for anything else.
    public init?(_ text: String) {
        guard Self.isValid(text.utf8) else { return nil }
        self.text = text
    }

    init?(bytes: ArraySlice<UInt8>) {
        guard Self.isValid(bytes) else { return nil }
        text = String(decoding: bytes, as: UTF8.self)
    }

    private static func isValid(_ bytes: some Collection<UInt8>) -> Bool {
        (1...charactersMax).contains(bytes.count)
            && bytes.allSatisfy { (0x20...0x7E).contains($0) }
    }

    public var description: String { text }
}

private enum IdentifierText {
    static func isValid(_ bytes: some Collection<UInt8>) -> Bool {
        (1...64).contains(bytes.count)
            && bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: ":"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
