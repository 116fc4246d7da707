// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Tracing

/// A trace and one span in it, as services tell each other (W3C Trace Context).
package struct TraceContext: Sendable, Equatable {
    let traceHigh: UInt64
    let traceLow: UInt64
    /// Not zero. Of a context that came from outside: the caller's span.
    package let spanID: UInt64
    /// Whether the trace is recorded.
    package let isSampled: Bool
    /// `tracestate`: what other systems keep with the trace, passed on; nil for nothing.
    package let state: String?

    init(
        traceHigh: UInt64, traceLow: UInt64, spanID: UInt64, isSampled: Bool, state: String? = nil
    ) {
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.spanID = spanID
        self.isSampled = isSampled
        self.state = state
    }

    /// Reads a `traceparent` value (section 3.2); nil when it is invalid, and there is no trace.
    ///
    /// A version above 00 may carry more after the fields of version 00; `ff` is forbidden.
    ///
    /// - Parameter tracestate: The value beside it, all fields joined; see `TraceState`.
    package init?(traceparent text: ArraySlice<UInt8>, tracestate: String? = nil) {
        let start = text.startIndex
        guard text.count >= 55, text[start + 2] == UInt8(ascii: "-"),
            text[start + 35] == UInt8(ascii: "-"), text[start + 52] == UInt8(ascii: "-"),
            let version = Self.hex(text[start..<start + 2]), version != 0xFF,
            let traceHigh = Self.hex(text[start + 3..<start + 19]),
            let traceLow = Self.hex(text[start + 19..<start + 35]),
            let spanID = Self.hex(text[start + 36..<start + 52]),
            let flags = Self.hex(text[start + 53..<start + 55]), traceHigh | traceLow != 0,
            spanID != 0
        else { return nil }
        if text.count > 55 {
            guard version > 0, text[start + 55] == UInt8(ascii: "-") else { return nil }
        }
        self.init(
            traceHigh: traceHigh, traceLow: traceLow, spanID: spanID, isSampled: flags & 1 == 1,
            state: tracestate.flatMap(TraceState.bounded))
    }

    /// Another span of the same trace.
    func child(spanID: UInt64) -> TraceContext {
        TraceContext(
            traceHigh: traceHigh, traceLow: traceLow, spanID: spanID, isSampled: isSampled,
            state: state)
    }

    /// The 32 characters of the trace's id.
    package var traceIDText: String { Self.text(traceHigh) + Self.text(traceLow) }

    /// The `traceparent` value for calls made on behalf of this span, in version 00.
    package var traceparent: String {
        "00-\(traceIDText)-\(Self.text(spanID))-\(isSampled ? "01" : "00")"
    }

    /// The header fields that carry it on.
    package var headers: [String: String] {
        var headers = [TraceField.parent: traceparent]
        headers[TraceField.state] = state
        return headers
    }

    /// The 16 characters of a span's id.
    static func text(_ value: UInt64) -> String {
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

/// The names of the header fields.
enum TraceField {
    static let parent = "traceparent"
    static let state = "tracestate"
}

/// The rules for `tracestate` (section 3.3): others' business, passed on as it is while it has the
/// form and the size of one.
enum TraceState {
    /// What a service must at least pass on.
    static let bytesMax = 512
    static let membersMax = 32
    /// Members longer than this are the first to go from a value that is too long.
    static let memberBytesKept = 128

    /// - Parameter text: All fields of a message, joined by commas.
    /// - Returns: The text unchanged, or as many whole members of it as fit; nil when it is empty
    ///   or no `tracestate`, which then is dropped whole (section 3.3.1).
    static func bounded(_ text: String) -> String? {
        guard text.utf8.count <= 1 << 13, text.utf8.allSatisfy({ 0x20...0x7E ~= $0 || $0 == 9 })
        else { return nil }
        var members = text.split(separator: ",").filter { $0.contains { $0 != " " && $0 != "\t" } }
        guard !members.isEmpty, members.count <= membersMax,
            members.allSatisfy({ $0.contains("=") && $0.first != "=" })
        else { return nil }
        guard text.utf8.count > bytesMax else { return text }
        var bytesCount = members.reduce(members.count - 1) { $0 + $1.utf8.count }
        for isLong in [true, false] {
            for index in members.indices.reversed() where bytesCount > bytesMax {
                guard !isLong || members[index].utf8.count > memberBytesKept else { continue }
                bytesCount -= members.remove(at: index).utf8.count + 1
            }
        }
        return members.isEmpty ? nil : members.joined(separator: ",")
    }
}

private enum TraceContextKey: InstrumentationContextKey {
    typealias Value = TraceContext
}

extension InstrumentationContext {
    /// The trace a task works for; nil for none.
    package var trace: TraceContext? {
        get { self[TraceContextKey.self] }
        set { self[TraceContextKey.self] = newValue }
    }

    /// A context with nothing but the trace.
    package static func carrying(_ trace: TraceContext) -> InstrumentationContext {
        var context = InstrumentationContext.topLevel
        context.trace = trace
        return context
    }
}
