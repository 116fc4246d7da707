// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// The way a streaming method sends its events.
package struct RPCStream<Event: JSONEncodable & Sendable>: Sendable {
    private let sendEvent: @Sendable (Event) async throws(RPCError) -> Void

    /// A stream into `sink`, for the dispatch table.
    package init(_ sink: RPCEventSink) {
        sendEvent = { (event) async throws(RPCError) in try await sink.send(event) }
    }

    /// A stream into a closure, for tests of services.
    package init(_ send: @escaping @Sendable (Event) async throws(RPCError) -> Void) {
        sendEvent = send
    }

    /// Sends one event and returns once the caller has taken enough of the earlier ones: a slow
    /// reader slows its service down and costs no memory.
    ///
    /// - Throws: `CANCELLED` when the caller is gone; the service should just end.
    package func send(_ event: Event) async throws(RPCError) { try await sendEvent(event) }
}
