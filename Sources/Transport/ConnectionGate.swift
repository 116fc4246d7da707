// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Synchronization

/// Accepts no more connections than the process has descriptors for.
///
/// It sits on the listening channel and withholds its reads while the server is full, so that the
/// kernel's backlog, not a loop over failing `accept` calls, keeps the peers waiting.
final class ConnectionGate: Sendable {
    let connectionsMax: Int
    private struct State {
        var count = 0
        /// Called once the server is no longer full.
        var waiting: [@Sendable () -> Void] = []
        /// Called once the last connection has closed.
        var whenEmpty: [@Sendable () -> Void] = []
    }
    private let state = Mutex(State())

    init(connectionsMax: Int) { self.connectionsMax = connectionsMax }

    var count: Int { state.withLock { $0.count } }

    func enter() { state.withLock { $0.count += 1 } }

    func leave() {
        let calls = state.withLock { state -> [@Sendable () -> Void] in
            state.count -= 1
            var calls: [@Sendable () -> Void] = []
            if state.count < connectionsMax { swap(&calls, &state.waiting) }
            if state.count == 0 {
                calls += state.whenEmpty
                state.whenEmpty = []
            }
            return calls
        }
        for call in calls { call() }
    }

    /// Whether there is room; if not `resume` is called once there is.
    func hasRoom(else resume: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            if state.count < connectionsMax { return true }
            state.waiting.append(resume)
            return false
        }
    }

    /// Returns when no connection is open.
    func waitUntilEmpty() async {
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if state.count == 0 { return true }
                state.whenEmpty.append { continuation.resume() }
                return false
            }
            if isEmpty { continuation.resume() }
        }
    }
}

/// The gate's place in the pipeline of a listening channel.
final class AcceptHandler: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never

    private let gate: ConnectionGate

    init(_ gate: ConnectionGate) { self.gate = gate }

    func read(context: ChannelHandlerContext) {
        let channel = context.channel
        if gate.hasRoom(else: { channel.read() }) { context.read() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        gate.enter()
        unwrapInboundIn(data).closeFuture.whenComplete { [gate] _ in gate.leave() }
        context.fireChannelRead(data)
    }
}
