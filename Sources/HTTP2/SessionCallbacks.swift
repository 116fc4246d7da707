// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import CNghttp2
import HTTPMessages
import NIOCore

/// The C side of `SessionRecorder`: each callback unwraps its arguments and calls one method.
enum SessionCallbacks {
    /// One immutable set for all sessions, which copy it.
    ///
    /// `nonisolated(unsafe)`: written once, by this initialiser, and only read by nghttp2.
    nonisolated(unsafe) static let shared: OpaquePointer? = unsafe make()

    private static func make() -> OpaquePointer? {
        var callbacks: OpaquePointer?
        guard unsafe nghttp2_session_callbacks_new(&callbacks) == 0 else { return nil }
        unsafe nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, frameBegan)
        unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, headersBegan)
        unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks, headerReceived)
        unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frameReceived)
        unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, dataReceived)
        unsafe nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
            callbacks, frameRefused)
        unsafe nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, frameSent)
        unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, streamClosed)
        unsafe nghttp2_session_callbacks_set_unpack_extension_callback(
            callbacks, extensionReceived)
        return unsafe callbacks
    }

    private static func recorder(_ userData: UnsafeMutableRawPointer?) -> SessionRecorder {
        guard let userData = unsafe userData else {
            preconditionFailure("a session is always made with its recorder")
        }
        return unsafe Unmanaged<SessionRecorder>.fromOpaque(userData).takeUnretainedValue()
    }

    private static func outcome(_ recorder: SessionRecorder) -> Int32 {
        recorder.isSound ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
    }

    private static func kind(_ type: UInt8) -> FrameKind {
        switch nghttp2_frame_type(UInt32(type)) {
        case NGHTTP2_DATA: .data
        case NGHTTP2_HEADERS: .headers
        case NGHTTP2_PRIORITY: .priority
        case NGHTTP2_RST_STREAM: .reset
        case NGHTTP2_SETTINGS: .settings
        case NGHTTP2_PING: .ping
        case NGHTTP2_GOAWAY: .goAway
        case NGHTTP2_WINDOW_UPDATE: .windowUpdate
        case NGHTTP2_CONTINUATION: .continuation
        default: .other
        }
    }

    private static let frameBegan: nghttp2_on_begin_frame_callback = { _, head, userData in
        guard let head = unsafe head?.pointee else { return 0 }
        let recorder = unsafe recorder(userData)
        recorder.frameBegan(
            kind(head.type), streamID: head.stream_id, flags: head.flags)
        return outcome(recorder)
    }

    /// Drops a frame of a type that is not known (RFC 9113 section 5.5).
    private static let extensionReceived: nghttp2_unpack_extension_callback = { _, _, _, _ in
        NGHTTP2_ERR_CANCEL.rawValue
    }

    private static let headersBegan: nghttp2_on_begin_headers_callback = { _, frame, userData in
        guard let frame = unsafe frame else { return 0 }
        let recorder = unsafe recorder(userData)
        unsafe recorder.headersBegan(
            streamID: frame.pointee.hd.stream_id,
            opensStream: frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST)
        return outcome(recorder)
    }

    private static let headerReceived: nghttp2_on_header_callback = {
        _, _, name, nameCount, value, valueCount, _, userData in
        let recorder = unsafe recorder(userData)
        unsafe recorder.headerReceived(
            name: UnsafeBufferPointer(start: name, count: nameCount),
            value: UnsafeBufferPointer(start: value, count: valueCount))
        return outcome(recorder)
    }

    private static let frameReceived: nghttp2_on_frame_recv_callback = { _, frame, userData in
        guard let frame = unsafe frame else { return 0 }
        let recorder = unsafe recorder(userData)
        let head = unsafe frame.pointee.hd
        switch kind(head.type) {
        case .headers:
            recorder.headersEnded(
                streamID: head.stream_id, endStream: head.flags & FrameKind.endStream != 0)
        case .data where head.flags & FrameKind.endStream != 0:
            recorder.dataEnded(streamID: head.stream_id)
        case .reset:
            recorder.resetReceived()
        case .settings:
            let isAcknowledgement = head.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0
            recorder.events.append(isAcknowledgement ? .settingsAcknowledged : .settings)
        case .ping where head.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0:
            let data = unsafe frame.pointee.ping.opaque_data
            recorder.events.append(.pingAcknowledged(unsafe unsafeBitCast(data, to: UInt64.self)))
        case .goAway:
            let goAway = unsafe frame.pointee.goaway
            unsafe recorder.events.append(
                .goAway(
                    lastStreamID: goAway.last_stream_id,
                    HTTP2ErrorCode(rawValue: goAway.error_code)))
        default:
            break
        }
        return outcome(recorder)
    }

    private static let dataReceived: nghttp2_on_data_chunk_recv_callback = {
        _, _, streamID, bytes, count, userData in
        let recorder = unsafe recorder(userData)
        unsafe recorder.dataReceived(
            streamID: streamID, bytes: UnsafeBufferPointer(start: bytes, count: count))
        return outcome(recorder)
    }

    private static let frameRefused: nghttp2_on_invalid_frame_recv_callback = {
        _, _, _, userData in
        let recorder = unsafe recorder(userData)
        recorder.faultFound()
        return outcome(recorder)
    }

    private static let frameSent: nghttp2_on_frame_send_callback = { _, frame, userData in
        guard let frame = unsafe frame else { return 0 }
        let recorder = unsafe recorder(userData)
        let head = unsafe frame.pointee.hd
        switch kind(head.type) {
        case .data, .headers:
            recorder.frameSent(
                streamID: head.stream_id, endStream: head.flags & FrameKind.endStream != 0)
        case .reset:
            let code = unsafe frame.pointee.rst_stream.error_code
            if code != HTTP2ErrorCode.noError.rawValue, recorder.role == .server {
                recorder.faultFound()
            }
        default:
            break
        }
        // A violation found while sending is acted on after the send.
        return 0
    }

    private static let streamClosed: nghttp2_on_stream_close_callback = {
        _, streamID, code, userData in
        let recorder = unsafe recorder(userData)
        recorder.streamClosed(streamID: streamID, code: HTTP2ErrorCode(rawValue: code))
        return 0
    }

    /// Moves a stream's output into a DATA frame.
    static let readOutput: nghttp2_data_source_read_callback = {
        _, _, target, targetCount, flags, source, userData in
        guard let stream = unsafe source?.pointee.ptr, let target = unsafe target,
            let flags = unsafe flags
        else { return ssize_t(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
        let recorder = unsafe recorder(userData)
        return unsafe Unmanaged<HTTP2Stream>.fromOpaque(stream).takeUnretainedValue().readOutput(
            into: UnsafeMutableRawBufferPointer(start: target, count: targetCount), flags: flags,
            recorder: recorder)
    }
}

extension HTTP2Stream {
    fileprivate func readOutput(
        into target: UnsafeMutableRawBufferPointer, flags: UnsafeMutablePointer<UInt32>,
        recorder: SessionRecorder
    ) -> ssize_t {
        let taken = unsafe output.take(into: target)
        recorder.outputBytes -= taken
        recorder.dataSent()
        if output.hasWaitingWriter, output.bytes < recorder.limits.streamWriteBufferBytesMax / 2 {
            output.hasWaitingWriter = false
            recorder.events.append(.drained(self))
        }
        guard output.bytes == 0 else { return taken }
        outputTimes = nil
        switch output.end {
        case .open:
            guard taken == 0 else { return taken }
            output.isDeferred = true
            return ssize_t(NGHTTP2_ERR_DEFERRED.rawValue)
        case .body:
            unsafe flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
        case .trailers:
            unsafe flags.pointee |=
                NGHTTP2_DATA_FLAG_EOF.rawValue | NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
            recorder.events.append(.trailersDue(self))
        }
        return taken
    }
}
