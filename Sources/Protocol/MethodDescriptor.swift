// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// A method that answers once, with its types.
public struct MethodDescriptor<Params: JSONEncodable, Result: JSONDecodable>: Sendable {
    /// When a caller may send the call again without knowing what became of it.
    public enum Repeatable: Sendable {
        case always
        /// Only when the params carry an idempotency key.
        case withKey
    }

    /// The name on the wire.
    public let name: String
    /// What the caller must be allowed to do.
    public let scope: String
    public let repeatable: Repeatable

    public init(_ name: String, scope: String, repeatable: Repeatable) {
        self.name = name
        self.scope = scope
        self.repeatable = repeatable
    }
}

/// A method that streams events and then answers, with its types.
public struct StreamDescriptor<
    Params: JSONEncodable, Event: JSONDecodable, Result: JSONDecodable
>: Sendable {
    /// The name on the wire.
    public let name: String
    /// What the caller must be allowed to do.
    public let scope: String

    public init(_ name: String, scope: String) {
        self.name = name
        self.scope = scope
    }
}

extension RPCError {
    /// The error of the contract's table.
    ///
    /// - Parameter message: what is wrong in this case; nil for the table's text.
    public init(
        reason: ErrorReason, message: String? = nil, retryAfterMilliseconds: Int64? = nil,
        fields: [FieldProblem] = [], details: [String: String] = [:]
    ) {
        self.init(
            code: reason.code, message: message ?? reason.message, status: reason.status,
            reason: reason.rawValue, retryable: reason.isRetryable,
            retryAfterMilliseconds: retryAfterMilliseconds, fields: fields, details: details)
    }
}
