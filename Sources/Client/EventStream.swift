// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Synchronization
public import TellerProtocol

/// The events of a streaming call, in order.
///
/// Each iteration makes a call of its own. When its connection breaks, it goes on after the last
/// event it has seen (by that event's `cursor`), so that no event is missed. Leaving the loop or
/// cancelling the task resets the stream.
///
/// ```swift
/// let watch = client.stream(Methods.withdrawWatch, WithdrawWatchParams(withdrawalId: id))
/// for try await event in watch { print(event.withdrawal.state) }
/// print(watch.result)
/// ```
public struct EventStream<Event: JSONDecodable, Result: JSONDecodable & Sendable>: AsyncSequence,
    Sendable
{
    public typealias Element = Event
    public typealias Failure = TellerError

    private let client: TellerClient
    private let method: String
    private let params: [UInt8]
    private let options: CallOptions
    private let outcome = Outcome()

    private final class Outcome: Sendable {
        let result = Mutex<Result?>(nil)
    }

    init(client: TellerClient, method: String, params: [UInt8], options: CallOptions) {
        self.client = client
        self.method = method
        self.params = params
        self.options = options
    }

    /// The call's result once an iteration has ended; nil before.
    public var result: Result? { outcome.result.withLock { $0 } }

    public func makeAsyncIterator() -> Iterator {
        let outcome = outcome
        return Iterator(
            source: EventSource(client: client, method: method, params: params, options: options),
            finish: { result in outcome.result.withLock { $0 = result } })
    }

    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let source: EventSource
        fileprivate let finish: (Result) -> Void

        public mutating func next() async throws(TellerError) -> Event? {
            switch try await source.next() {
            case .event(let bytes):
                return try Answer.decode(bytes)
            case .result(let bytes):
                finish(try Answer.decode(bytes))
                return nil
            case .ended:
                return nil
            }
        }
    }
}

/// The lines of a streaming call over as many connections as it takes.
private final class EventSource {
    enum Item {
        case event([UInt8])
        case result([UInt8])
        /// The result has been handed out before.
        case ended
    }

    private let client: TellerClient
    private let method: String
    private var params: [UInt8]
    private let options: CallOptions
    private var loop: RetryLoop
    private var stream: (any ClientStream)?
    private var lines: LineBuffer
    private var hasEnded = false

    init(client: TellerClient, method: String, params: [UInt8], options: CallOptions) {
        self.client = client
        self.method = method
        self.params = params
        self.options = options
        // Without a deadline of its own a stream may last as long as the server lets it.
        loop = RetryLoop(
            client: client, deadline: options.deadline.map { client.environment.now() + $0 })
        lines = LineBuffer(bytesMax: client.configuration.connection.answerBytesMax)
    }

    deinit { stream?.cancel() }

    func next() async throws(TellerError) -> Item {
        while !hasEnded {
            let remaining = try loop.remaining()
            do throws(AttemptFailure) {
                let item = try await nextItem(remaining: remaining)
                loop.succeeded()
                if case .event(let bytes) = item { remember(cursorOf: bytes) }
                return item
            } catch {
                stream?.cancel()
                stream = nil
                lines.removeAll()
                if case .giveUp = error.advice { hasEnded = true }
                try await loop.wait(after: error)
            }
        }
        return .ended
    }

    private func nextItem(remaining: Duration?) async throws(AttemptFailure) -> Item {
        let stream: any ClientStream
        if let open = self.stream {
            stream = open
        } else {
            stream = try await connect(remaining: remaining)
            self.stream = stream
        }
        guard let line = try await nextLine(of: stream) else {
            throw AttemptFailure(
                error: .transport(
                    TransportError(.interrupted, "the stream ended without its response")),
                advice: .mayPass(after: nil))
        }
        let content: Answer.Line
        do throws(TellerError) {
            content = try Answer.readLine(line)
        } catch {
            throw AttemptFailure(error: error, advice: .giveUp)
        }
        switch content {
        case .event(let event):
            return .event(event)
        case .response(.success(let result)):
            hasEnded = true
            return .result(result)
        case .response(.failure(let error)):
            throw AttemptFailure(error, isOurDeadline: options.deadline != nil)
        }
    }

    private func connect(
        remaining: Duration?
    ) async throws(AttemptFailure) -> any ClientStream {
        let attempt = CallAttempt(method: method, params: params, options: options)
        let stream: any ClientStream
        do throws(TransportFailure) {
            stream = try await client.transport.open(
                attempt.request(timeout: remaining, token: client.configuration.token))
        } catch {
            throw AttemptFailure(error, wasLast: true)
        }
        guard stream.status != 200 else { return stream }
        var body: [UInt8] = []
        while let line = try await nextLine(of: stream) { body += line }
        throw AttemptFailure(status: stream.status, headers: stream.headers, body: body)
    }

    private func nextLine(of stream: any ClientStream) async throws(AttemptFailure) -> [UInt8]? {
        while true {
            if let line = lines.next() { return line }
            guard !lines.isOverfull else {
                throw AttemptFailure(
                    TransportFailure(.answerTooLarge, "a line of the stream is too large"),
                    wasLast: true)
            }
            do throws(TransportFailure) {
                guard let bytes = try await stream.next() else { return lines.last() }
                lines.append(bytes)
            } catch {
                throw AttemptFailure(error, wasLast: true)
            }
        }
    }

    /// Sees to it that the next connection goes on after this event.
    private func remember(cursorOf event: [UInt8]) {
        guard let event = try? JSONValue.parse(event), let cursor = event["cursor"],
            let members = (try? JSONValue.parse(params))?.members
        else { return }
        let others = members.filter { $0.key != "cursor" }
        params = JSONValue.object(others + [JSONValue.Member("cursor", cursor)]).jsonBytes
    }
}

/// Splits bytes at line feeds.
struct LineBuffer {
    private let bytesMax: Int
    private var bytes: [UInt8] = []
    private var start = 0

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    /// Whether the unfinished line is longer than allowed.
    var isOverfull: Bool { bytes.count - start > bytesMax }

    mutating func append(_ more: [UInt8]) {
        bytes.removeFirst(start)
        start = 0
        bytes += more
    }

    /// The next whole line without its line feed; empty lines are skipped.
    mutating func next() -> [UInt8]? {
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = bytes[start..<end]
            start = end + 1
            if !line.isEmpty { return Array(line) }
        }
        return nil
    }

    /// What follows the last line feed at the end of the stream.
    mutating func last() -> [UInt8]? {
        defer { removeAll() }
        return start < bytes.count ? Array(bytes[start...]) : nil
    }

    mutating func removeAll() {
        bytes = []
        start = 0
    }
}
