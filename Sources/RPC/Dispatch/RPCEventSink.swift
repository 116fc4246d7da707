// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Synchronization
import TellerProtocol

/// One streaming call's response: `application/x-ndjson`, each event a JSON-RPC notification on
/// a line of its own, the last line the response with the call's id.
///
/// Nothing is sent before the first event, so a call refused before it gets a plain answer.
package final class RPCEventSink: Sendable {
    /// Throws when the caller may no longer listen.
    typealias Permit = @Sendable () async throws(RPCError) -> Void

    private let exchange: any HTTPExchange
    private let method: String
    private let headers: HTTPHeaders
    private let permit: Permit
    private let begun = Atomic<Bool>(false)

    init(
        _ exchange: any HTTPExchange, method: String, headers: HTTPHeaders,
        permit: @escaping Permit
    ) {
        self.exchange = exchange
        self.method = method
        self.headers = headers
        self.permit = permit
    }

    var hasBegun: Bool { begun.load(ordering: .acquiring) }

    /// Sends one event; the first one begins the response.
    ///
    /// - Throws: `CANCELLED` when the caller is gone, and what `permit` throws.
    func send(_ event: some JSONEncodable) async throws(RPCError) {
        if Task.isCancelled { throw RPCError(reason: .cancelled) }
        try await permit()
        begin()
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("jsonrpc")
        writer.string("2.0")
        writer.key("method")
        writer.string(method)
        writer.key("params")
        event.encode(to: &writer)
        writer.endObject()
        do { try await exchange.write(writer.bytes + [UInt8(ascii: "\n")]) } catch {
            throw RPCError(reason: .cancelled)
        }
    }

    /// Sends the response line and ends the stream; a caller that is gone misses it.
    func finish(_ response: [UInt8]) async {
        begin()
        try? await exchange.write(response + [UInt8(ascii: "\n")])
        exchange.finish(trailers: nil)
    }

    private func begin() {
        guard !begun.exchange(true, ordering: .acquiringAndReleasing) else { return }
        exchange.begin(status: 200, headers: headers)
    }
}
