// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Telemetry
import TellerProtocol

/// What the headers of a request say beside its body: the first interceptors' work.
struct RequestMetadata: Sendable {
    /// The caller's `x-request-id` when it is usable, else one made here.
    let requestID: String
    /// The caller's span; nil when there is none, or none that can be understood.
    let trace: TraceContext?
    /// From `grpc-timeout`; nil when the caller sets none.
    let timeout: Duration?
    let idempotencyKey: IdempotencyKey?
    /// The header that cannot be understood. The call is answered with this and not run, because
    /// a deadline or a key that is ignored is worse than a refusal.
    let fault: Fault?

    enum Fault: Sendable {
        case timeout, idempotencyKey

        var error: RPCError {
            switch self {
            case .timeout:
                .invalidRequest("grpc-timeout is at most 8 digits and one of H M S m u n")
            case .idempotencyKey:
                .invalidRequest("Idempotency-Key is one text of 1 to 255 printable characters")
            }
        }
    }

    init(_ headers: HTTPHeaders, limits: RPCLimits, identifiers: IdentifierSource) {
        requestID =
            Self.requestID(headers, bytesMax: limits.requestIDBytesMax) ?? identifiers.nextText()
        trace = headers.bytes("traceparent").flatMap { text in
            // Of two nobody knows which is right.
            guard headers.count(of: "traceparent") == 1 else { return nil }
            let state = TraceHeaders().extract(key: "tracestate", from: headers)
            return TraceContext(traceparent: text, tracestate: state)
        }
        var fault: Fault?
        timeout = headers.bytes("grpc-timeout").flatMap { text in
            let duration = GRPCTimeout.duration(text)
            if duration == nil { fault = .timeout }
            return duration
        }
        idempotencyKey = headers.bytes("idempotency-key").flatMap { text in
            let key = Self.idempotencyKey(text)
            if key == nil || headers.count(of: "idempotency-key") > 1 { fault = .idempotencyKey }
            return key
        }
        self.fault = fault
    }

    /// A request id taken over from the caller: letters, digits and `. _ : -`, so that it can
    /// stand in a log line or a header without harm.
    private static func requestID(_ headers: HTTPHeaders, bytesMax: Int) -> String? {
        guard let text = headers.bytes("x-request-id"), (1...bytesMax).contains(text.count),
            text.allSatisfy({ byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: ":"), UInt8(ascii: "-"):
                    true
                default: false
                }
            })
        else { return nil }
        return String(decoding: text, as: UTF8.self)
    }

    /// The key, as it stands or as the quoted string of the IETF draft
    /// (draft-ietf-httpapi-idempotency-key-header, RFC 8941 section 3.3.3).
    private static func idempotencyKey(_ text: ArraySlice<UInt8>) -> IdempotencyKey? {
        let quote = UInt8(ascii: "\"")
        guard text.count >= 2, text.first == quote, text.last == quote else {
            return IdempotencyKey(String(decoding: text, as: UTF8.self))
        }
        var key: [UInt8] = []
        var isEscaped = false
        for byte in text.dropFirst().dropLast() {
            if isEscaped {
                guard byte == quote || byte == UInt8(ascii: "\\") else { return nil }
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
                continue
            } else if byte == quote {
                return nil
            }
            key.append(byte)
        }
        return isEscaped ? nil : IdempotencyKey(String(decoding: key, as: UTF8.self))
    }
}
