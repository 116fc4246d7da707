// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import HTTPMessages
package import NIOCore
import Synchronization

/// One client connection: calls multiplexed over one HTTP/2 channel.
///
///     let client = try HTTP2Client.install(on: channel, authority: "teller:8080", …)
///     let response = try await client.call(HTTP2CallRequest(path: "/rpc", body: bytes))
///     let body = try await response.collect(bytesMax: 1 << 20)
///
/// After the server's GOAWAY, or when the connection is lost, `isOpen` is false, `onEnding` has
/// been called once, and new calls fail with `notProcessed`; calls the server has accepted still
/// end well. The owner connects anew.
package final class HTTP2Client: Sendable {
    private let loop: any EventLoop
    private let connection: NIOLoopBound<HTTP2Connection>
    private let role: NIOLoopBound<ClientRole>
    private let openness: Openness
    /// Succeeds once the channel has closed.
    package let closeFuture: EventLoopFuture<Void>

    /// Whether the connection takes new calls, kept where every thread can see it.
    final class Openness: Sendable {
        private let value = Atomic(true)
        var isOpen: Bool { value.load(ordering: .acquiring) }
        /// - Returns: Whether it was open.
        func end() -> Bool { value.exchange(false, ordering: .acquiringAndReleasing) }
    }

    /// Adds the client's end to a connected channel (TLS, if any, stands below it already).
    /// Must be called on the channel's event loop.
    ///
    /// - Parameters:
    ///   - authority: `host:port` of the server, for `:authority`.
    ///   - callsWaitingMax: Calls that may wait while as many streams are open as the server
    ///     allows.
    ///   - resources: Those of the channel's event loop.
    ///   - onEnding: Called once, on the event loop, when the connection takes no more calls.
    package static func install(
        on channel: any Channel, authority: String, isEncrypted: Bool,
        limits: HTTP2Limits = HTTP2Limits(), timeouts: HTTP2Timeouts = HTTP2Timeouts(),
        callsWaitingMax: Int = 1000, resources: EventLoopResources,
        onEnding: @escaping @Sendable () -> Void = {}
    ) throws -> HTTP2Client {
        let openness = Openness()
        let role = ClientRole(
            authority: authority, scheme: isEncrypted ? "https" : "http",
            callsWaitingMax: callsWaitingMax
        ) {
            if openness.end() { onEnding() }
        }
        let connection = HTTP2Connection(
            role: role, side: .client, limits: limits, timeouts: timeouts, resources: resources)
        try channel.pipeline.syncOperations.addHandler(connection)
        return HTTP2Client(channel, connection, role, openness)
    }

    private init(
        _ channel: any Channel, _ connection: HTTP2Connection, _ role: ClientRole,
        _ openness: Openness
    ) {
        loop = channel.eventLoop
        closeFuture = channel.closeFuture
        self.connection = NIOLoopBound(connection, eventLoop: loop)
        self.role = NIOLoopBound(role, eventLoop: loop)
        self.openness = openness
    }

    /// Whether new calls may be made.
    package var isOpen: Bool { openness.isOpen }

    /// Sends a request and returns when the head of its response has arrived.
    ///
    /// Cancelling the task resets the stream.
    ///
    /// - Throws: `HTTP2CallError`; its `isSafeToRepeat` tells whether the server cannot have
    ///   acted on the request.
    package func call(_ request: HTTP2CallRequest) async throws(HTTP2CallError) -> HTTP2Response {
        let call = ClientCall(loop: loop)
        let head = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                onLoop {
                    call.waitForHead(continuation)
                    self.role.value.start(call, request, self.connection.value)
                }
            }
        } onCancel: {
            call.cancel()
        }
        let (status, headers) = try head.get()
        return HTTP2Response(status: status, headers: headers, call: call)
    }

    /// Takes no new calls, lets those under way end, and closes.
    ///
    /// - Parameter grace: How long they may take.
    package func close(grace: Duration) {
        onLoop { self.connection.value.drain(grace: grace) }
    }

    private func onLoop(_ body: @escaping @Sendable () -> Void) {
        if loop.inEventLoop {
            body()
        } else {
            loop.execute(body)
        }
    }
}

/// A response whose head has arrived and whose body is fetched part by part.
///
/// What is not fetched stays with the server once the stream's window is full. Dropping the
/// response before its end resets the stream.
package final class HTTP2Response: Sendable {
    package let status: Int
    package let headers: HTTPHeaders
    private let call: ClientCall

    init(status: Int, headers: HTTPHeaders, call: ClientCall) {
        self.status = status
        self.headers = headers
        self.call = call
    }

    deinit { call.cancel() }

    /// The next part of the body, nil at its end. One caller at a time.
    package func next() async throws(HTTP2CallError) -> [UInt8]? {
        let part = await withTaskCancellationHandler {
            await withCheckedContinuation { call.waitForPart($0) }
        } onCancel: {
            call.cancel()
        }
        return try part.get()
    }

    /// The whole body.
    ///
    /// - Throws: `responseTooLarge` when there is more than `bytesMax`; the stream is then reset.
    package func collect(bytesMax: Int) async throws(HTTP2CallError) -> [UInt8] {
        guard var body = try await next() else { return [] }
        while body.count <= bytesMax {
            guard let part = try await next() else { return body }
            body += part
        }
        call.cancel()
        throw HTTP2CallError(.responseTooLarge)
    }

    /// The trailing fields; known once `next` has returned nil.
    package func trailers() async -> HTTPHeaders? { await call.trailers() }
}
