// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages

extension HTTP2Stream {
    /// Takes a pseudo-header field (RFC 9113 section 8.3). nghttp2 has checked that each comes
    /// once and that none is missing.
    func setPseudoHeader(name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {
        switch name.count {
        case 5:
            // `:path`; the query is dropped.
            let end = unsafe value.firstIndex(of: UInt8(ascii: "?")) ?? value.count
            path = unsafe String(decoding: value[..<end], as: UTF8.self)
        case 7 where unsafe name[1] == UInt8(ascii: "m"):
            method = unsafe Self.method(value)
        case 7 where unsafe name[2] == UInt8(ascii: "t"):
            status = unsafe Self.number(value) ?? 0
        default:
            break
        }
    }

    func addHeader(name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {
        if name.count == 14, unsafe Self.equal(name, "content-length") {
            declaredBodyBytes = unsafe Self.number(value)
        } else if name.count == 6, unsafe Self.equal(name, "expect") {
            expectsContinue = unsafe Self.equal(value, "100-continue")
        }
        unsafe headers.add(name: name, value: value)
    }

    private static func method(_ value: UnsafeBufferPointer<UInt8>) -> HTTPMethod {
        if unsafe equal(value, "POST") { return .post }
        if unsafe equal(value, "GET") { return .get }
        if unsafe equal(value, "HEAD") { return .head }
        return .other(unsafe String(decoding: value, as: UTF8.self))
    }

    /// A decimal number of at most 15 digits.
    private static func number(_ value: UnsafeBufferPointer<UInt8>) -> Int? {
        guard (1...15).contains(value.count) else { return nil }
        var number = 0
        for index in 0..<value.count {
            let digit = unsafe value[index]
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            number = number * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return number
    }

    private static func equal(_ bytes: UnsafeBufferPointer<UInt8>, _ text: StaticString) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount else { return false }
        for index in 0..<bytes.count
        where unsafe bytes[index] != text.utf8Start[index] {
            return false
        }
        return true
    }
}
