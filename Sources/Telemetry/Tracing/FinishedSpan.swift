// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Tracing

/// A sampled span that has ended: bounded, without secrets, ready to be exported.
package struct FinishedSpan: Sendable, Equatable {
    package enum Value: Sendable, Equatable {
        case text(String)
        case integer(Int64)
        case real(Double)
        case truth(Bool)
        case list([Value])
    }

    package struct Attribute: Sendable, Equatable {
        package let key: String
        package let value: Value
    }

    /// Something that happened at a moment within the span.
    package struct Event: Sendable, Equatable {
        package let name: String
        /// Nanoseconds since the Unix epoch.
        package let time: UInt64
        package let attributes: [Attribute]
    }

    package let name: String
    package let kind: SpanKind
    package let context: TraceContext
    /// nil for the first span of a trace.
    package let parentID: UInt64?
    /// Nanoseconds since the Unix epoch; the end is not before the start.
    package let startedAt: UInt64
    package let endedAt: UInt64
    /// By their keys.
    package let attributes: [Attribute]
    /// Attributes beyond the limit.
    package let attributesDropped: Int
    package let events: [Event]
    package let eventsDropped: Int
    /// Spans elsewhere that have to do with this one.
    package let links: [TraceContext]
    package let linksDropped: Int
    /// nil when nobody has said how it went.
    package let status: SpanStatus?
}

/// Makes what callers attach to spans small and clean.
struct SpanCleaner: Sendable {
    static let nameBytesMax = 128
    static let keyBytesMax = 64
    static let textBytesMax = 256
    static let attributesMax = 24
    static let elementsMax = 16
    static let eventsMax = 8
    static let eventAttributesMax = 8
    static let linksMax = 8

    let redactor: Redactor

    /// The text without secrets, and then cut: a secret cut in two would be found no more.
    func text(_ text: String, bytesMax: Int = textBytesMax) -> String {
        redactor.redacted(text).cut(bytesMax: bytesMax)
    }

    /// Up to `max` attributes, by their keys.
    func attributes(
        _ attributes: SpanAttributes, max: Int = attributesMax
    ) -> [FinishedSpan.Attribute] {
        var found: [(String, SpanAttribute)] = []
        found.reserveCapacity(attributes.count)
        attributes.forEach { found.append(($0, $1)) }
        return found.sorted { $0.0 < $1.0 }.prefix(max).map { key, value in
            let key = key.cut(bytesMax: Self.keyBytesMax)
            // The rule of the log: `http.request.header.authorization` is none of anybody's business.
            let word = key.split(separator: ".").last?.lowercased() ?? ""
            let isSecret = LogLine.secretKeys.contains(word)
            return .init(key: key, value: isSecret ? .text("[redacted]") : self.value(value))
        }
    }

    func event(_ event: SpanEvent) -> FinishedSpan.Event {
        FinishedSpan.Event(
            name: text(event.name, bytesMax: Self.nameBytesMax),
            time: event.nanosecondsSinceEpoch,
            attributes: attributes(event.attributes, max: Self.eventAttributesMax))
    }

    private func value(_ value: SpanAttribute) -> FinishedSpan.Value {
        switch value {
        case .int32(let number): .integer(Int64(number))
        case .int64(let number): .integer(number)
        case .double(let number): .real(number)
        case .bool(let truth): .truth(truth)
        case .string(let text): .text(self.text(text))
        case .stringConvertible(let value): .text(text(value.description))
        case .int32Array(let numbers): list(numbers) { .integer(Int64($0)) }
        case .int64Array(let numbers): list(numbers) { .integer($0) }
        case .doubleArray(let numbers): list(numbers) { .real($0) }
        case .boolArray(let truths): list(truths) { .truth($0) }
        case .stringArray(let texts): list(texts) { .text(text($0)) }
        case .stringConvertibleArray(let values): list(values) { .text(text($0.description)) }
        // The library forbids to name its last case.
        default: .text("")
        }
    }

    private func list<Element>(
        _ elements: [Element], _ value: (Element) -> FinishedSpan.Value
    ) -> FinishedSpan.Value { .list(elements.prefix(Self.elementsMax).map(value)) }
}
