// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Synchronization

/// Writes whole lines to a descriptor, and never lets a reader that has stopped stop the program.
///
/// ```
///  idle ── a line ──► WRITING on the caller's thread ── no room, or too long ──► WAITING
///   ▲                    │ all written                   on a thread of its own │   │ room
///   └────────────────────┴───────────────────────────────────────────────────◄──┘ ◄─┘
/// ```
///
/// As long as there is room a line is written when `write` returns, so a crash or an exit loses
/// none. Without room lines wait, up to a limit, and are then dropped, which is counted and said
/// once there is room again. One thread writes at a time: lines don't mix.
package final class LogOutput: Sendable {
    /// Bytes that may wait.
    package static let waitingBytesMax = 1 << 20
    /// Bytes that stay allocated though they are written.
    private static let keptBytesMax = 1 << 16
    /// Parts of up to `PIPE_BUF` bytes a caller writes before another thread takes over.
    private static let partsMax = 16
    /// How long the thread that waits sleeps in one system call.
    private static let waitMilliseconds: Int32 = 1_000

    private struct State {
        var waiting: [UInt8] = []
        /// Bytes of `waiting` that are written.
        var written = 0
        var isWriting = false
        /// Lines dropped since it was last said.
        var dropped = 0
    }

    package static let standardError = LogOutput(descriptor: 2)

    private let descriptor: Int32
    private let state = Mutex(State())
    private let thread = DispatchQueue(label: "teller.log")
    private let droppedTotal = Atomic<UInt64>(0)

    /// - Parameter descriptor: Stays the caller's, and open.
    package init(descriptor: Int32) { self.descriptor = descriptor }

    /// Lines dropped since the start.
    package var linesDropped: UInt64 { droppedTotal.load(ordering: .relaxed) }

    var isIdle: Bool { state.withLock { !$0.isWriting } }

    /// Writes `line`, which ends in a line feed, or leaves it to be written.
    ///
    /// - Parameter notice: Makes the line that says how many were dropped.
    func write(_ line: [UInt8], notice: @escaping @Sendable (_ dropped: Int) -> [UInt8]) {
        let mustWrite = state.withLock { state in
            guard state.waiting.count - state.written + line.count <= Self.waitingBytesMax else {
                state.dropped += 1
                droppedTotal.wrappingAdd(1, ordering: .relaxed)
                return false
            }
            state.waiting += line
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if mustWrite, !writeWaiting(within: 0, notice) {
            thread.async { self.writeAll(notice) }
        }
    }

    private func writeAll(_ notice: @escaping @Sendable (Int) -> [UInt8]) {
        while !writeWaiting(within: Self.waitMilliseconds, notice) {}
    }

    /// - Returns: Whether nothing is left; the writer's part is over then.
    private func writeWaiting(
        within milliseconds: Int32, _ notice: (Int) -> [UInt8]
    ) -> Bool {
        for _ in 0..<Self.partsMax {
            guard let part = nextPart(notice) else { return true }
            switch SystemCalls.write(part, to: descriptor, within: milliseconds) {
            case .bytes(let count): state.withLock { $0.written += count }
            case .full: return false
            case .broken: state.withLock { $0.written = $0.waiting.count }
            }
        }
        return false
    }

    /// What is to be written next; nil when nothing is, and the descriptor is left to others.
    private func nextPart(_ notice: (Int) -> [UInt8]) -> ArraySlice<UInt8>? {
        state.withLock { state in
            if state.written == state.waiting.count, state.dropped > 0 {
                state.waiting += notice(state.dropped)
                state.dropped = 0
            }
            if state.written == state.waiting.count {
                state.waiting.removeAll(
                    keepingCapacity: state.waiting.capacity <= Self.keptBytesMax)
                state.written = 0
            } else if state.written >= Self.keptBytesMax {
                state.waiting.removeFirst(state.written)
                state.written = 0
            }
            guard state.written < state.waiting.count else {
                state.isWriting = false
                return nil
            }
            return Array(state.waiting[state.written...].prefix(SystemCalls.partBytesMax))[...]
        }
    }
}
