// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import NIOCore

/// Who is told what happens to a stream: the exchange of a server, the call of a client.
protocol StreamObserver: AnyObject {
    /// The stream has ended, well (`noError`) or not. Nothing follows.
    func streamClosed(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode)

    /// Enough of the stream's output has been taken by the connection for a writer to go on.
    func streamDrained(_ stream: HTTP2Stream)
}

/// One stream's share of a connection: what has arrived of a message and what is to be sent.
///
/// The callbacks of nghttp2 fill and empty it; it is confined to the connection's event loop.
final class HTTP2Stream {
    let id: Int32
    var observer: (any StreamObserver)?
    /// Whether nghttp2 has forgotten the stream.
    var isClosed = false

    // What arrives.
    var method = HTTPMethod.other("")
    var path = ""
    /// The status of a response; 0 until known.
    var status = 0
    var headers = HTTPHeaders()
    var trailers: HTTPHeaders?
    var headerListBytes = 0
    var headerFields = 0
    /// The body, or on a client the part of it that no one has taken yet.
    var body: [UInt8] = []
    var bodyBytes = 0
    /// The content-length the peer declared.
    var declaredBodyBytes: Int?
    var expectsContinue = false
    var inputEnded = false
    /// Why the message is not wanted whole; further parts are dropped.
    var refusal: StreamRefusal?
    /// Received bytes of the stream's window that have not been given back.
    var unconsumedBytes = 0
    /// Whether an event about new data waits to be handled.
    var hasNewData = false

    // What leaves.
    /// Whether a frame of the stream has left nghttp2; kept on clients only.
    var wasSent = false
    var output = StreamOutput()

    // Times; see `HTTP2Timeouts`.
    var cancelAt: NIODeadline?
    var inputTimes: ProgressTimes?
    var outputTimes: ProgressTimes?

    init(id: Int32) { self.id = id }
}

/// Why a stream's message is refused.
enum StreamRefusal: Int {
    case headersTooLarge = 431
    case bodyTooLarge = 413
    case connectionFull = 503
}

/// The times by which something under way is judged to be too slow.
struct ProgressTimes {
    var startedAt: NIODeadline
    var intervalStartedAt: NIODeadline
    /// The counter of progress when the interval began.
    var intervalBytes: Int

    init(now: NIODeadline, bytes: Int) {
        startedAt = now
        intervalStartedAt = now
        intervalBytes = bytes
    }
}

/// The unsent part of a message body, and how the message ends.
struct StreamOutput {
    enum End {
        /// More may be written.
        case open
        case body
        case trailers(HTTPHeaders)
    }

    private var chunks: [[UInt8]] = []
    private var head = 0
    private var headOffset = 0
    private(set) var bytes = 0
    private(set) var sentBytes = 0
    var end = End.open
    /// Whether the head of the message has been submitted.
    var hasBegun = false
    /// Whether nghttp2 waits to be told of new data.
    var isDeferred = false
    /// Whether a writer waits for `bytes` to fall.
    var hasWaitingWriter = false
    /// Whether nghttp2 has read the end.
    var isDone = false

    mutating func append(_ chunk: [UInt8]) {
        guard !chunk.isEmpty else { return }
        chunks.append(chunk)
        bytes += chunk.count
    }

    /// Moves bytes to `target` and returns how many.
    mutating func take(into target: UnsafeMutableRawBufferPointer) -> Int {
        var taken = 0
        while head < chunks.count, taken < target.count {
            let count = min(chunks[head].count - headOffset, target.count - taken)
            unsafe chunks[head].withUnsafeBytes { source in
                let part = unsafe UnsafeRawBufferPointer(
                    rebasing: source[headOffset..<headOffset + count])
                unsafe UnsafeMutableRawBufferPointer(rebasing: target[taken..<taken + count])
                    .copyMemory(from: part)
            }
            taken += count
            headOffset += count
            if headOffset == chunks[head].count {
                chunks[head] = []
                head += 1
                headOffset = 0
            }
        }
        if head == chunks.count {
            chunks.removeAll(keepingCapacity: false)
            head = 0
        }
        bytes -= taken
        sentBytes += taken
        return taken
    }

    mutating func discard() {
        chunks = []
        head = 0
        headOffset = 0
        bytes = 0
    }
}
