// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// A trace and this call's span in it (W3C Trace Context, section 3.2 "traceparent").
package struct TraceContext: Sendable, Equatable {
    private let traceHigh: UInt64
    private let traceLow: UInt64
    /// The caller's span.
    package let parentID: UInt64
    /// This call's own span.
    package let spanID: UInt64
    /// Bit 0: the caller records this trace.
    package let flags: UInt8

    /// Reads a `traceparent` value; nil when it is invalid, and the call then has no trace.
    ///
    /// A version above 00 may carry more after the fields of version 00; `ff` is forbidden.
    init?(traceparent text: ArraySlice<UInt8>, spanID: UInt64) {
        let start = text.startIndex
        guard text.count >= 55, text[start + 2] == UInt8(ascii: "-"),
            text[start + 35] == UInt8(ascii: "-"), text[start + 52] == UInt8(ascii: "-"),
            let version = Self.hex(text[start..<start + 2]), version != 0xFF,
            let traceHigh = Self.hex(text[start + 3..<start + 19]),
            let traceLow = Self.hex(text[start + 19..<start + 35]),
            let parentID = Self.hex(text[start + 36..<start + 52]),
            let flags = Self.hex(text[start + 53..<start + 55]), traceHigh | traceLow != 0,
            parentID != 0
        else { return nil }
        if text.count > 55 {
            guard version > 0, text[start + 55] == UInt8(ascii: "-") else { return nil }
        }
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.parentID = parentID
        self.spanID = spanID
        self.flags = UInt8(truncatingIfNeeded: flags)
    }

    /// The 32 characters of the trace's id.
    package var traceIDText: String { Self.text(traceHigh) + Self.text(traceLow) }

    /// The `traceparent` value for calls made on behalf of this one.
    package var traceparent: String {
        "00-\(traceIDText)-\(Self.text(spanID))-\(flags & 1 == 1 ? "01" : "00")"
    }

    private static func text(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Lower-case hexadecimal digits, at most 16 of them.
    private static func hex(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                value = value << 4 | UInt64(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"):
                value = value << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return value
    }
}
