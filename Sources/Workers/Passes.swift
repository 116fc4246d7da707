// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Tracing

/// Spans of what a worker does in one pass.
enum Passes {
    /// Runs `body` in a span, which it is given; without a tracer as it is. An error ends the span
    /// as failed.
    static func trace<Value>(
        _ name: String, _ tracer: (any Tracer)?, _ body: ((any Span)?) async throws -> Value
    ) async throws -> Value {
        guard let tracer else { return try await body(nil) }
        return try await tracer.withAnySpan(name, ofKind: .internal) { span in
            try await body(span)
        }
    }
}
