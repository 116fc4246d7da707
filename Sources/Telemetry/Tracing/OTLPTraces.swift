// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import TellerProtocol
internal import Tracing

/// Spans as the JSON of OTLP/HTTP (OpenTelemetry Protocol 1.5, `ExportTraceServiceRequest`): ids as
/// lower-case hexadecimal digits, 64-bit integers as strings, enumerations as numbers.
package struct OTLPTraces: Sendable {
    /// Bytes of a body after which no further span is begun; a batch of usual spans has a tenth.
    package static let bodyBytesMax = 4 << 20
    /// Bytes of a body at the most: the last span may be as large as spans can be.
    package static let requestBytesMax = bodyBytesMax + (1 << 20)

    private let service: String
    private let instance: String
    private let version: String

    /// - Parameters:
    ///   - instance: Names this process among those of the service.
    ///   - version: Of the service.
    package init(service: String = "teller", instance: String, version: String) {
        self.service = service
        self.instance = instance
        self.version = version
    }

    /// The request's body, with as many of the spans, in order, as fit.
    package func request(_ spans: [FinishedSpan]) -> (body: [UInt8], count: Int) {
        var writer = JSONWriter()
        writer.reserve(512 + 512 * spans.count)
        writer.beginObject()
        writer.key("resourceSpans")
        writer.beginArray()
        writer.beginObject()
        writer.key("resource")
        writer.beginObject()
        writer.key("attributes")
        Self.write(
            [
                .init(key: "service.name", value: .text(service)),
                .init(key: "service.instance.id", value: .text(instance)),
                .init(key: "service.version", value: .text(version)),
            ], to: &writer)
        writer.endObject()
        writer.key("scopeSpans")
        writer.beginArray()
        writer.beginObject()
        writer.key("scope")
        writer.beginObject()
        writer.key("name")
        writer.string(service)
        writer.key("version")
        writer.string(version)
        writer.endObject()
        writer.key("spans")
        writer.beginArray()
        var count = 0
        for span in spans where writer.bytes.count < Self.bodyBytesMax {
            Self.write(span, to: &writer)
            count += 1
        }
        writer.endArray()
        writer.endObject()
        writer.endArray()
        writer.endObject()
        writer.endArray()
        writer.endObject()
        return (writer.bytes, count)
    }

    /// How many spans a successful answer (`ExportTraceServiceResponse`) says were refused; 0 when
    /// it says nothing that can be understood.
    package static func refusedCount(_ answer: [UInt8]) -> Int {
        guard case .object(let members)? = try? JSONValue.parse(answer),
            case .object(let partial)? = members.first(where: { $0.key == "partialSuccess" })?.value
        else { return 0 }
        switch partial.first(where: { $0.key == "rejectedSpans" })?.value {
        case .string(let text), .number(let text): return max(0, Int(text) ?? 0)
        default: return 0
        }
    }

    private static func write(_ span: FinishedSpan, to writer: inout JSONWriter) {
        writer.beginObject()
        writeContext(span.context, to: &writer)
        if let parent = span.parentID {
            writer.key("parentSpanId")
            writer.string(TraceContext.text(parent))
        }
        writer.key("name")
        writer.string(span.name)
        writer.key("kind")
        writer.number(number(span.kind))
        writer.key("startTimeUnixNano")
        writer.string(String(span.startedAt))
        writer.key("endTimeUnixNano")
        writer.string(String(span.endedAt))
        writer.key("attributes")
        write(span.attributes, to: &writer)
        write(dropped: span.attributesDropped, "droppedAttributesCount", to: &writer)
        if !span.events.isEmpty {
            writer.key("events")
            writer.beginArray()
            for event in span.events { write(event, to: &writer) }
            writer.endArray()
        }
        write(dropped: span.eventsDropped, "droppedEventsCount", to: &writer)
        if !span.links.isEmpty {
            writer.key("links")
            writer.beginArray()
            for link in span.links {
                writer.beginObject()
                writeContext(link, to: &writer)
                writer.endObject()
            }
            writer.endArray()
        }
        write(dropped: span.linksDropped, "droppedLinksCount", to: &writer)
        if let status = span.status {
            writer.key("status")
            writer.beginObject()
            writer.key("code")
            writer.number(status.code == .error ? 2 : 1)
            if let message = status.message {
                writer.key("message")
                writer.string(message)
            }
            writer.endObject()
        }
        writer.endObject()
    }

    private static func writeContext(_ context: TraceContext, to writer: inout JSONWriter) {
        writer.key("traceId")
        writer.string(context.traceIDText)
        writer.key("spanId")
        writer.string(TraceContext.text(context.spanID))
        if let state = context.state {
            writer.key("traceState")
            writer.string(state)
        }
    }

    private static func write(_ event: FinishedSpan.Event, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("timeUnixNano")
        writer.string(String(event.time))
        writer.key("name")
        writer.string(event.name)
        writer.key("attributes")
        write(event.attributes, to: &writer)
        writer.endObject()
    }

    private static func write(
        dropped count: Int, _ key: StaticString, to writer: inout JSONWriter
    ) {
        guard count > 0 else { return }
        writer.key(key)
        writer.number(Int64(clamping: count))
    }

    private static func write(_ attributes: [FinishedSpan.Attribute], to writer: inout JSONWriter) {
        writer.beginArray()
        for attribute in attributes {
            writer.beginObject()
            writer.key("key")
            writer.string(attribute.key)
            writer.key("value")
            write(attribute.value, to: &writer)
            writer.endObject()
        }
        writer.endArray()
    }

    private static func write(_ value: FinishedSpan.Value, to writer: inout JSONWriter) {
        writer.beginObject()
        switch value {
        case .text(let text):
            writer.key("stringValue")
            writer.string(text)
        case .integer(let number):
            writer.key("intValue")
            writer.string(String(number))
        case .real(let number):
            writer.key("doubleValue")
            // What JSON has no number for, protobuf's JSON writes as a string.
            if number.isFinite { writer.raw("\(number)".utf8) } else { writer.string(text(number)) }
        case .truth(let truth):
            writer.key("boolValue")
            writer.bool(truth)
        case .list(let values):
            writer.key("arrayValue")
            writer.beginObject()
            writer.key("values")
            writer.beginArray()
            for value in values { write(value, to: &writer) }
            writer.endArray()
            writer.endObject()
        }
        writer.endObject()
    }

    private static func text(_ number: Double) -> String {
        number.isNaN ? "NaN" : number > 0 ? "Infinity" : "-Infinity"
    }

    private static func number(_ kind: SpanKind) -> Int64 {
        switch kind {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }
}
