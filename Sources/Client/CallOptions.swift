// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// What one call does differently from the client's configuration.
public struct CallOptions: Sendable {
    /// How long the call may take with all its retries; nil for the configuration's.
    public var deadline: Duration?
    /// The caller's own id of what the call is for (`order-123`): the idempotency key is derived
    /// from it, so that the same business never gets a second key, not even after a crash. A key
    /// in the params goes before it.
    public var businessID: String?
    /// Sent as `x-request-id`: the server logs it and repeats it in its errors.
    public var requestID: String?
    /// Sent as `traceparent` (W3C Trace Context).
    public var traceparent: String?

    public init(
        deadline: Duration? = nil, businessID: String? = nil, requestID: String? = nil,
        traceparent: String? = nil
    ) {
        self.deadline = deadline
        self.businessID = businessID
        self.requestID = requestID
        self.traceparent = traceparent
    }
}
