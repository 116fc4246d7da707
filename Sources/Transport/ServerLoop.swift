// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTP2
import NIOCore

/// A connection that can be asked to end.
protocol DrainableConnection: AnyObject {
    /// Answers what has been asked, takes nothing new, closes.
    func drain(grace: Duration?)
}

extension HTTP2Connection: DrainableConnection {}

/// The connections of one event loop.
///
/// - Note: `@unchecked Sendable`: `connections` and `grace` are touched on the loop only.
final class ServerLoop: @unchecked Sendable {
    let resources: EventLoopResources
    private var connections: [ObjectIdentifier: any DrainableConnection] = [:]
    /// Set once the server drains; a connection that opens later drains at once.
    private var grace: Duration?

    init(_ loop: any EventLoop) { resources = EventLoopResources(loop) }

    /// Takes a connection in, in place of what stood for its channel before.
    func add(_ connection: any DrainableConnection, of channel: any Channel) {
        let key = ObjectIdentifier(channel)
        let isNew = connections.updateValue(connection, forKey: key) == nil
        if isNew {
            channel.closeFuture.assumeIsolated().whenComplete { [self] _ in
                connections[key] = nil
            }
        }
        if let grace { connection.drain(grace: grace) }
    }

    func drain(grace: Duration) {
        self.grace = grace
        for connection in connections.values { connection.drain(grace: grace) }
    }
}
