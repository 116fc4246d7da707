// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TellerProtocol

/// The binary parameters of one statement, laid end to end.
struct Parameters: Sendable {
    /// It begins with one byte of nothing, so that empty values have an address, too.
    private(set) var bytes: [UInt8] = [0]
    /// Where each parameter stands; nil for NULL.
    private(set) var ranges: [Range<Int>?] = []

    mutating func null() { ranges.append(nil) }

    mutating func int64(_ value: Int64) { scalar { $0.appendBigEndian(value) } }

    mutating func text(_ value: String) { scalar { $0.append(contentsOf: value.utf8) } }

    mutating func optionalText(_ value: String?) {
        if let value { text(value) } else { null() }
    }

    mutating func optionalInt64(_ value: Int64?) {
        if let value { int64(value) } else { null() }
    }

    mutating func blob(_ value: [UInt8]) { scalar { $0.append(contentsOf: value) } }

    mutating func uuid(_ id: some UUIDNamed) { scalar { $0.append(id) } }

    mutating func optionalUUID(_ id: (some UUIDNamed)?) {
        if let id { uuid(id) } else { null() }
    }

    /// An array of so many elements, each written by `element`; a false result makes it NULL.
    mutating func array<Element>(
        _ type: ElementType, _ elements: [Element],
        _ element: (borrowing Element, inout [UInt8]) -> Bool
    ) {
        scalar { bytes in
            // PostgreSQL, src/backend/utils/adt/arrayfuncs.c, array_recv.
            bytes.appendBigEndian(Int32(elements.isEmpty ? 0 : 1))
            bytes.appendBigEndian(Int32(1))
            bytes.appendBigEndian(type.rawValue)
            guard !elements.isEmpty else { return }
            bytes.appendBigEndian(Int32(elements.count))
            bytes.appendBigEndian(Int32(1))
            // Borrowed: copying a row for each of its columns costs more than writing them.
            let elements = elements.span
            for index in elements.indices {
                let start = bytes.count
                bytes.appendBigEndian(Int32(-1))
                guard element(elements[index], &bytes) else {
                    bytes.removeSubrange((start + 4)...)
                    continue
                }
                let count = UInt32(bytes.count - start - 4)
                for offset in 0..<4 {
                    bytes[start + offset] = UInt8(truncatingIfNeeded: count >> (24 - 8 * offset))
                }
            }
        }
    }

    private mutating func scalar(_ write: (inout [UInt8]) -> Void) {
        let start = bytes.count
        write(&bytes)
        ranges.append(start..<bytes.count)
    }
}

/// An id that is a UUID.
protocol UUIDNamed {
    var uuid: UUIDv7 { get }
}

extension WithdrawalID: UUIDNamed {}
extension DealID: UUIDNamed {}
extension MarketOperationID: UUIDNamed {}

/// The object ids of PostgreSQL's element types (`pg_type.dat`).
enum ElementType: Int32 {
    case bool = 16
    case bytea = 17
    case int8 = 20
    case text = 25
    case uuid = 2950
}

extension Parameters {
    mutating func texts<Element>(
        _ elements: [Element], _ text: (borrowing Element) -> String?
    ) {
        array(.text, elements) { element, bytes in
            guard let text = text(element) else { return false }
            bytes.append(contentsOf: text.utf8)
            return true
        }
    }

    mutating func int64s<Element>(
        _ elements: [Element], _ value: (borrowing Element) -> Int64?
    ) {
        array(.int8, elements) { element, bytes in
            guard let value = value(element) else { return false }
            bytes.appendBigEndian(value)
            return true
        }
    }

    mutating func uuids<Element, ID: UUIDNamed>(
        _ elements: [Element], _ id: (borrowing Element) -> ID?
    ) {
        array(.uuid, elements) { element, bytes in
            guard let id = id(element) else { return false }
            bytes.append(id)
            return true
        }
    }

    mutating func blobs<Element>(
        _ elements: [Element], _ blob: (borrowing Element) -> [UInt8]?
    ) {
        array(.bytea, elements) { element, bytes in
            guard let blob = blob(element) else { return false }
            bytes.append(contentsOf: blob)
            return true
        }
    }

    mutating func bools<Element>(
        _ elements: [Element], _ value: (borrowing Element) -> Bool?
    ) {
        array(.bool, elements) { element, bytes in
            guard let value = value(element) else { return false }
            bytes.append(value ? 1 : 0)
            return true
        }
    }
}

extension [UInt8] {
    fileprivate mutating func appendBigEndian(_ value: some FixedWidthInteger) {
        unsafe Swift.withUnsafeBytes(of: value.bigEndian) { unsafe append(contentsOf: $0) }
    }

    fileprivate mutating func append(_ id: some UUIDNamed) {
        appendBigEndian(id.uuid.high)
        appendBigEndian(id.uuid.low)
    }
}
