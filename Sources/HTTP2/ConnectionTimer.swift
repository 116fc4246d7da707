// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// The one timer of a connection, set to the earliest of its deadlines.
///
/// A deadline that moves later costs nothing: the timer fires at the old time, finds nothing due,
/// and is set anew. So the millions of deadlines of quick requests set no timer at all.
package final class ConnectionTimer: NIOScheduledCallbackHandler {
    private let loop: any EventLoop
    private let sweep: () -> NIODeadline?
    private var callback: NIOScheduledCallback?
    private var deadline: NIODeadline?
    private var isCancelled = false

    /// - Parameter sweep: Acts on what is due and returns the next deadline, nil for none.
    package init(_ loop: any EventLoop, sweep: @escaping () -> NIODeadline?) {
        self.loop = loop
        self.sweep = sweep
    }

    /// Sees to it that `sweep` runs at `deadline` or before.
    package func arm(_ deadline: NIODeadline) {
        if isCancelled { return }
        if let current = self.deadline, current <= deadline { return }
        callback?.cancel()
        self.deadline = deadline
        callback = try? loop.assumeIsolated().scheduleCallback(at: deadline, handler: self)
    }

    /// Ends the timer for good and lets go of what it holds.
    package func cancel() {
        isCancelled = true
        callback?.cancel()
        callback = nil
        deadline = nil
    }

    package func handleScheduledCallback(eventLoop: some EventLoop) {
        callback = nil
        deadline = nil
        if isCancelled { return }
        if let next = sweep() { arm(next) }
    }
}
