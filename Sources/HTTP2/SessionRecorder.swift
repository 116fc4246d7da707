// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import NIOCore

/// Something the connection must act on after nghttp2 has returned.
enum SessionEvent {
    /// The header block of a message is complete, its body is not.
    case head(HTTP2Stream)
    /// Part of a body has arrived.
    case data(HTTP2Stream)
    /// The message is complete.
    case end(HTTP2Stream)
    case closed(HTTP2Stream, HTTP2ErrorCode)
    /// A writer may go on.
    case drained(HTTP2Stream)
    /// The body has been sent and its trailers are due.
    case trailersDue(HTTP2Stream)
    /// A whole response has been sent before its request had arrived.
    case answeredEarly(HTTP2Stream)
    case settings
    case settingsAcknowledged
    case pingAcknowledged(UInt64)
    case goAway(lastStreamID: Int32, HTTP2ErrorCode)
}

/// Where the callbacks of one nghttp2 session write: messages into their streams, and what is to
/// be acted on into `events`. No callback calls nghttp2.
final class SessionRecorder {
    enum Role { case server, client }

    let role: Role
    let limits: HTTP2Limits
    var events: [SessionEvent] = []
    var streams = StreamTable()
    /// The stream whose header block is open.
    var headerStream: HTTP2Stream?
    var headerBlockStartedAt: NIODeadline?
    /// The time of the current call into nghttp2.
    var now: NIODeadline
    /// The error that ends the connection once nghttp2 has returned.
    var violation: HTTP2ErrorCode?
    /// Received body bytes of the connection's window that have not been given back.
    var unconsumedBytes = 0
    /// Bytes of unfinished bodies held for this connection.
    var bodyBytes = 0
    /// Bytes of messages not yet handed to nghttp2.
    var outputBytes = 0
    private var resets: TokenBucket
    private var faults: TokenBucket
    private var idleFrames: TokenBucket
    private var peerStreams = PeerStreamIDs()
    private let openStreams: ConnectionCounter?

    /// - Parameter openStreams: Keeps count of the streams that peers open; nil for nobody.
    init(role: Role, limits: HTTP2Limits, openStreams: ConnectionCounter?, now: NIODeadline) {
        self.role = role
        self.openStreams = openStreams
        self.limits = limits
        self.now = now
        resets = TokenBucket(limits.resetsByPeer, now: now)
        faults = TokenBucket(limits.faultsOfPeer, now: now)
        idleFrames = TokenBucket(limits.idleFrames, now: now)
    }

    deinit {
        guard role == .server else { return }
        for _ in 0..<streams.count { openStreams?.decrement() }
    }

    /// Whether nghttp2 may go on.
    var isSound: Bool { violation == nil }

    func violate(_ code: HTTP2ErrorCode) {
        if violation == nil { violation = code }
    }

    // MARK: Frames

    func frameBegan(_ kind: FrameKind, streamID: Int32, flags: UInt8) {
        switch kind {
        case .headers:
            guard role == .server else { break }
            headerBlockStartedAt = now
            if !peerStreams.admit(streamID) { violate(.protocolError) }
        case .data:
            // Given back by `dataReceived` unless it is empty or all padding.
            if flags & FrameKind.endStream == 0 { chargeIdleFrame() }
        case .continuation, .reset, .goAway:
            break
        case .priority, .settings, .ping, .windowUpdate, .other:
            chargeIdleFrame()
        }
    }

    private func chargeIdleFrame() {
        if !idleFrames.take(now: now) { violate(.enhanceYourCalm) }
    }

    func resetReceived() {
        if role == .server, !resets.take(now: now) { violate(.enhanceYourCalm) }
    }

    /// A frame of the peer was refused, or a stream reset because of it.
    func faultFound() {
        if !faults.take(now: now) { violate(.enhanceYourCalm) }
    }

    func dataSent() { idleFrames.give(2) }

    // MARK: Headers

    func headersBegan(streamID: Int32, opensStream: Bool) {
        if opensStream, role == .server {
            let stream = HTTP2Stream(id: streamID)
            stream.headers.reserve(fields: 8, bytes: 256)
            streams.insert(stream)
            _ = openStreams?.increment()
            headerStream = stream
            idleFrames.give(4)
        } else {
            headerStream = streams[streamID]
            headerStream?.headerListBytes = 0
            headerStream?.headerFields = 0
            if let stream = headerStream, stream.status >= 200 || role == .server {
                stream.trailers = HTTPHeaders()
            }
        }
    }

    func headerReceived(name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {
        guard let stream = headerStream else { return }
        stream.headerListBytes += name.count + value.count + 32
        stream.headerFields += 1
        if stream.headerListBytes > limits.headerListBytesMax
            || stream.headerFields > limits.headerFieldsMax
        {
            stream.refusal = .headersTooLarge
            stream.headers = HTTPHeaders()
            // Far beyond the limit it is an attack on the decoder (an HPACK bomb).
            if stream.headerListBytes > 16 * limits.headerListBytesMax {
                violate(.enhanceYourCalm)
            }
            return
        }
        if stream.trailers != nil {
            unsafe stream.trailers?.add(name: name, value: value)
        } else if unsafe name.first == UInt8(ascii: ":") {
            unsafe stream.setPseudoHeader(name: name, value: value)
        } else {
            unsafe stream.addHeader(name: name, value: value)
        }
    }

    func headersEnded(streamID: Int32, endStream: Bool) {
        headerBlockStartedAt = nil
        guard let stream = headerStream, stream.id == streamID else { return }
        headerStream = nil
        if endStream {
            stream.inputEnded = true
            events.append(.end(stream))
        } else {
            events.append(.head(stream))
        }
    }

    // MARK: Data

    func dataReceived(streamID: Int32, bytes: UnsafeBufferPointer<UInt8>) {
        idleFrames.give(1)
        let known = streams[streamID]
        // A client gives the window back as its callers read; a server limits bodies by itself.
        if role == .server || known == nil { unconsumedBytes += bytes.count }
        guard let stream = known else { return }
        stream.unconsumedBytes += bytes.count
        stream.bodyBytes += bytes.count
        if stream.refusal == nil {
            if role == .server {
                if stream.bodyBytes > limits.bodyBytesMax {
                    refuse(stream, .bodyTooLarge)
                } else if bodyBytes + bytes.count > limits.connectionBodyBytesMax {
                    refuse(stream, .connectionFull)
                }
            }
            if stream.refusal == nil {
                unsafe stream.body.append(contentsOf: bytes)
                bodyBytes += bytes.count
            }
        }
        if !stream.hasNewData {
            stream.hasNewData = true
            events.append(.data(stream))
        }
    }

    func refuse(_ stream: HTTP2Stream, _ refusal: StreamRefusal) {
        stream.refusal = refusal
        releaseBody(of: stream)
    }

    /// Forgets what is held of a body, or hands it on.
    @discardableResult
    func releaseBody(of stream: HTTP2Stream) -> [UInt8] {
        let body = stream.body
        bodyBytes -= body.count
        stream.body = []
        return body
    }

    func dataEnded(streamID: Int32) {
        guard let stream = streams[streamID] else { return }
        stream.inputEnded = true
        events.append(.end(stream))
    }

    // MARK: Streams

    func frameSent(streamID: Int32, endStream: Bool) {
        guard endStream || role == .client, let stream = streams[streamID] else { return }
        stream.wasSent = true
        guard endStream else { return }
        stream.output.isDone = true
        if role == .server, !stream.inputEnded { events.append(.answeredEarly(stream)) }
    }

    func streamClosed(streamID: Int32, code: HTTP2ErrorCode) {
        if let open = headerStream, open.id == streamID {
            headerStream = nil
            headerBlockStartedAt = nil
        }
        guard let stream = streams.remove(streamID) else { return }
        stream.isClosed = true
        if role == .server {
            releaseBody(of: stream)
            openStreams?.decrement()
        }
        outputBytes -= stream.output.bytes
        stream.output.discard()
        events.append(.closed(stream, code))
    }
}

/// The kinds of frames the recorder tells apart.
enum FrameKind {
    case data, headers, priority, reset, settings, ping, goAway, windowUpdate, continuation, other

    static let endStream: UInt8 = 0x1
}

/// Which stream ids of a client have been used, skipped, or not reached.
///
/// nghttp2 ignores a HEADERS frame for an id that was skipped; RFC 9113 section 5.1.1 makes it a
/// connection error. A real client skips ids at most once, at its beginning.
struct PeerStreamIDs {
    private static let gapsMax = 16
    private var last: Int32 = -1
    private var gaps: [ClosedRange<Int32>] = []

    /// Whether a HEADERS frame may carry `id`.
    mutating func admit(_ id: Int32) -> Bool {
        // Even ids and 0 are refused by nghttp2 itself.
        guard id % 2 == 1 else { return true }
        if id > last {
            if id > last + 2 {
                if gaps.count == Self.gapsMax { gaps.removeFirst() }
                gaps.append(last + 2...id - 2)
            }
            last = id
            return true
        }
        return !gaps.contains { $0.contains(id) }
    }
}
