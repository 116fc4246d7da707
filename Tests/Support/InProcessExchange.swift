// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import HTTPMessages
import Synchronization

/// A request answered without a socket: plays the transport for one `HTTPHandler`.
package final class InProcessExchange: HTTPExchange {
    /// All that came back.
    package struct Response: Sendable {
        package var status = 0
        package var headers = HTTPHeaders()
        package var body: [UInt8] = []
        package var trailers: HTTPHeaders?

        package var text: String { String(decoding: body, as: UTF8.self) }
    }

    private struct State {
        var response = Response()
        var isComplete = false
        var isClosed = false
        var answersCount = 0
        var task: Task<Void, Never>?
        var timer: Int?
        var isCancelDue = false
        /// Writes that wait for the peer to read, when it is a slow one.
        var waiting: [CheckedContinuation<Bool, Never>] = []
        /// How many writes may still pass; nil for all.
        var writesAllowed: Int?
        var watchers: [CheckedContinuation<Void, Never>] = []

        var isEnded: Bool { isComplete || isClosed }

        mutating func takeWatchers() -> [CheckedContinuation<Void, Never>] {
            defer { watchers = [] }
            return watchers
        }
    }

    private let time: ManualTime
    private let state: Mutex<State>

    /// - Parameter writesAllowed: how many parts of a stream the peer takes until `allowWrites`
    ///   is called; nil for a peer that takes all.
    package init(time: ManualTime, writesAllowed: Int? = nil) {
        self.time = time
        state = Mutex(State(writesAllowed: writesAllowed))
    }

    /// Hands the request to the handler in a task of its own.
    package func start(_ request: HTTPRequest, on handler: some HTTPHandler) {
        let task = Task { await handler.handle(request, self) }
        let isCancelDue = state.withLock { state in
            state.task = task
            return state.isCancelDue
        }
        if isCancelDue { task.cancel() }
    }

    /// Hands the request to the handler and returns what it answered.
    package func answer(to request: HTTPRequest, from handler: some HTTPHandler) async -> Response {
        start(request, on: handler)
        return await response()
    }

    /// Waits for the handler to end and returns what it answered.
    package func response() async -> Response {
        await state.withLock { $0.task }?.value
        return state.withLock { $0.response }
    }

    /// How many times the handler answered; anything but 1 is a fault of it.
    package var answersCount: Int { state.withLock { $0.answersCount } }
    package var isComplete: Bool { state.withLock { $0.isComplete } }

    /// The lines of the body so far, once there are at least `count` or no more will come.
    package func lines(_ count: Int) async -> [String] {
        await when { state in
            let lines = state.response.text.split(separator: "\n").map(String.init)
            return lines.count >= count || state.isEnded ? lines : nil
        }
    }

    /// The body so far, once it has at least `count` bytes or no more will come.
    package func bytes(_ count: Int) async -> [UInt8] {
        await when { state in
            state.response.body.count >= count || state.isEnded ? state.response.body : nil
        }
    }

    /// Waits until a write of the handler waits for the peer.
    package func writeBlocked() async {
        await when { state in state.waiting.isEmpty && !state.isEnded ? nil : () }
    }

    /// The peer takes `count` more parts of a stream.
    package func allowWrites(_ count: Int) {
        let resumed = state.withLock { state in
            state.writesAllowed = (state.writesAllowed ?? 0) + count
            let resumed = Array(state.waiting.prefix(count))
            state.waiting.removeFirst(resumed.count)
            return resumed
        }
        for writer in resumed { writer.resume(returning: true) }
    }

    /// The peer goes away.
    package func close() {
        let (task, waiting) = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [] }
            return (state.task, state.waiting)
        }
        for writer in waiting { writer.resume(returning: false) }
        task?.cancel()
        update { _ in }
    }

    // MARK: HTTPExchange

    package func respond(_ response: HTTPResponse) {
        update { state in
            state.answersCount += 1
            state.isComplete = true
            state.response = Response(
                status: response.status, headers: response.headers, body: response.body,
                trailers: response.trailers)
        }
    }

    package func begin(status: Int, headers: HTTPHeaders) {
        update { state in
            state.answersCount += 1
            state.response.status = status
            state.response.headers = headers
        }
    }

    package func write(_ bytes: [UInt8]) async throws(HTTPStreamClosed) {
        let isOpen = await withCheckedContinuation { continuation in
            let mayPass: Bool? = state.withLock { state in
                guard !state.isClosed else { return false }
                guard let allowed = state.writesAllowed else { return true }
                guard allowed > 0 else {
                    state.waiting.append(continuation)
                    return nil
                }
                return true
            }
            if let mayPass { continuation.resume(returning: mayPass) } else { update { _ in } }
        }
        guard isOpen else { throw HTTPStreamClosed() }
        update { state in
            if let allowed = state.writesAllowed { state.writesAllowed = allowed - 1 }
            state.response.body += bytes
        }
    }

    package func finish(trailers: HTTPHeaders?) {
        update { state in
            state.isComplete = true
            state.response.trailers = trailers
        }
    }

    package func cancel(after duration: Duration) {
        state.withLock { $0.timer }.map(time.cancel)
        let timer = time.after(duration) { [weak self] in
            let task = self?.state.withLock { state in
                state.isCancelDue = true
                return state.task
            }
            task?.cancel()
        }
        state.withLock { $0.timer = timer }
    }

    private func update(_ body: (inout State) -> Void) {
        let watchers = state.withLock { state in
            if !state.isClosed { body(&state) }
            return state.takeWatchers()
        }
        for watcher in watchers { watcher.resume() }
    }

    /// What `body` says of the state, as soon as that is not nil.
    private func when<Value>(_ body: (State) -> Value?) async -> Value {
        while true {
            var value: Value?
            await withCheckedContinuation { continuation in
                state.withLock { state in
                    value = body(state)
                    if value == nil { state.watchers.append(continuation) }
                }
                if value != nil { continuation.resume() }
            }
            if let value { return value }
        }
    }
}
