// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import CNghttp2
import HTTPMessages
import NIOCore

/// One nghttp2 session: the engine of framing, HPACK and flow control.
///
/// It owns the C handle. What arrives lands in `recorder`; what it has to say is fetched with
/// `send`. Its methods must not be called from nghttp2's callbacks, which cannot reach it.
@safe struct Session: ~Copyable {
    let recorder: SessionRecorder
    private let handle: OpaquePointer

    init(
        role: SessionRecorder.Role, limits: HTTP2Limits, openStreams: ConnectionCounter?,
        now: NIODeadline
    ) {
        recorder = SessionRecorder(
            role: role, limits: limits, openStreams: openStreams, now: now)
        var options: OpaquePointer?
        unsafe Self.check(nghttp2_option_new(&options))
        defer { unsafe nghttp2_option_del(options) }
        unsafe nghttp2_option_set_no_auto_window_update(options, 1)
        unsafe nghttp2_option_set_max_settings(options, limits.settingsEntriesMax)
        unsafe nghttp2_option_set_max_continuations(options, limits.continuationFramesMax)
        unsafe nghttp2_option_set_max_outbound_ack(options, limits.queuedAcknowledgementsMax)
        unsafe nghttp2_option_set_max_deflate_dynamic_table_size(
            options, limits.encoderTableBytesMax)
        // Only types that are registered are reported when they begin, and so can be counted.
        for type in UInt8(0xa)...UInt8.max {
            unsafe nghttp2_option_set_user_recv_extension_type(options, type)
        }
        var handle: OpaquePointer?
        let userData = unsafe Unmanaged.passUnretained(recorder).toOpaque()
        let code =
            switch role {
            case .server:
                unsafe nghttp2_session_server_new2(
                    &handle, SessionCallbacks.shared, userData, options)
            case .client:
                unsafe nghttp2_session_client_new2(
                    &handle, SessionCallbacks.shared, userData, options)
            }
        Self.check(code)
        guard let handle = unsafe handle else { preconditionFailure("nghttp2 made no session") }
        unsafe self.handle = handle
        submitSettings(limits)
    }

    deinit { unsafe nghttp2_session_del(handle) }

    private func submitSettings(_ limits: HTTP2Limits) {
        var entries = [
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue),
                value: UInt32(limits.streamWindowBytes)),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue),
                value: UInt32(limits.headerListBytesMax)),
        ]
        switch recorder.role {
        case .server:
            entries.append(
                nghttp2_settings_entry(
                    settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue),
                    value: UInt32(limits.concurrentStreamsMax)))
        case .client:
            entries.append(
                nghttp2_settings_entry(
                    settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), value: 0))
        }
        unsafe Self.check(
            nghttp2_submit_settings(
                handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), entries, entries.count))
        unsafe Self.check(
            nghttp2_session_set_local_window_size(
                handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0,
                Int32(limits.connectionWindowBytes)))
    }

    /// The only codes possible where this is used are exhausted memory and a misuse; the first
    /// ends a server anyway, the second is a programmer's error.
    private static func check(_ code: Int32) {
        precondition(code >= 0, "nghttp2 refused a frame of ours")
    }

    // MARK: Bytes

    /// Takes bytes of the peer.
    ///
    /// - Returns: false when the session is beyond use; `recorder.violation` may say why.
    func receive(_ bytes: ByteBuffer, now: NIODeadline) -> Bool {
        recorder.now = now
        return unsafe bytes.withUnsafeReadableBytes { source in
            guard let start = unsafe source.bindMemory(to: UInt8.self).baseAddress else {
                return true
            }
            let taken = unsafe nghttp2_session_mem_recv(handle, start, source.count)
            switch Int32(clamping: taken) {
            case NGHTTP2_ERR_FLOODED.rawValue, NGHTTP2_ERR_TOO_MANY_CONTINUATIONS.rawValue:
                recorder.violate(.enhanceYourCalm)
            case NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue:
                recorder.violate(.protocolError)
            default:
                break
            }
            return taken == source.count
        }
    }

    /// Appends frames to `buffer` until it holds about `bytesMax`.
    ///
    /// - Returns: false when the session is beyond use.
    func send(into buffer: inout ByteBuffer, bytesMax: Int, now: NIODeadline) -> Bool {
        recorder.now = now
        while buffer.readableBytes < bytesMax {
            var frame: UnsafePointer<UInt8>?
            let count = unsafe nghttp2_session_mem_send(handle, &frame)
            guard count >= 0 else { return false }
            guard count > 0 else { return true }
            unsafe buffer.writeBytes(UnsafeRawBufferPointer(start: frame, count: count))
        }
        return true
    }

    /// Whether anything is still to be received or sent; if not the connection is over.
    var isActive: Bool { wantsRead || wantsWrite }
    var wantsRead: Bool { unsafe nghttp2_session_want_read(handle) != 0 }
    var wantsWrite: Bool { unsafe nghttp2_session_want_write(handle) != 0 }

    // MARK: Messages

    /// Submits a response whose body comes from `stream.output`.
    ///
    /// - Parameter contentBytes: What content-length says; nil for a response without that field.
    func submitResponse(
        _ stream: HTTP2Stream, status: Int, headers: HTTPHeaders, contentBytes: Int?
    ) {
        stream.output.hasBegun = true
        let hasBody = stream.output.bytes > 0 || !stream.output.endsWithBody
        unsafe withFields(status: status, contentBytes: contentBytes, headers) { fields in
            unsafe withProvider(of: stream, hasBody) { provider in
                unsafe Self.check(
                    nghttp2_submit_response(
                        handle, stream.id, fields.baseAddress, fields.count, provider))
            }
        }
    }

    /// Submits an interim response (RFC 9110 section 15.2).
    func submitContinue(_ stream: HTTP2Stream) {
        unsafe withFields(status: 100, HTTPHeaders()) { fields in
            unsafe Self.check(
                nghttp2_submit_headers(
                    handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, nil, fields.baseAddress,
                    fields.count, nil))
        }
    }

    func submitTrailers(_ stream: HTTP2Stream) {
        guard case .trailers(let trailers) = stream.output.end, !stream.isClosed else { return }
        unsafe withFields(trailers) { fields in
            unsafe Self.check(
                nghttp2_submit_trailer(handle, stream.id, fields.baseAddress, fields.count))
        }
    }

    /// Submits a request; `headers` begins with its pseudo-header fields.
    ///
    /// - Returns: The new stream, nil when the connection has used up its stream ids.
    func submitRequest(headers: HTTPHeaders, body: [UInt8]) -> HTTP2Stream? {
        let next = unsafe nghttp2_session_get_next_stream_id(handle)
        guard next <= UInt32(Int32.max) else { return nil }
        let stream = HTTP2Stream(id: Int32(next))
        stream.output.append(body)
        stream.output.end = .body
        recorder.outputBytes += body.count
        let id = unsafe withFields(headers) { fields in
            unsafe withProvider(of: stream, !body.isEmpty) { provider in
                unsafe nghttp2_submit_request(
                    handle, nil, fields.baseAddress, fields.count, provider, nil)
            }
        }
        guard id == stream.id else { return nil }
        recorder.streams.insert(stream)
        return stream
    }

    private func withProvider<Result>(
        of stream: HTTP2Stream, _ hasBody: Bool,
        _ body: (UnsafePointer<nghttp2_data_provider>?) -> Result
    ) -> Result {
        guard hasBody else { return body(nil) }
        // The stream outlives its use: the recorder holds it until nghttp2 closes it.
        var provider = unsafe nghttp2_data_provider(
            source: nghttp2_data_source(ptr: Unmanaged.passUnretained(stream).toOpaque()),
            read_callback: SessionCallbacks.readOutput)
        return unsafe body(&provider)
    }

    /// Lays out fields for nghttp2, which copies them during the call.
    private func withFields<Result>(
        status: Int? = nil, contentBytes: Int? = nil, _ headers: HTTPHeaders,
        _ body: (UnsafeBufferPointer<nghttp2_nv>) -> Result
    ) -> Result {
        let capacity = headers.count + 2
        return unsafe withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: capacity) {
            fields in
            unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
                unsafe headers.storage.withUnsafeBufferPointer { storage in
                    var count = 0
                    func add(_ field: nghttp2_nv) {
                        unsafe fields.initializeElement(at: count, to: field)
                        count += 1
                    }
                    if let status {
                        unsafe add(Self.field(HeaderText.status, HeaderText.code(status)))
                    }
                    for index in 0..<headers.count {
                        let (name, value) = headers.ranges(at: index)
                        unsafe add(
                            Self.field(
                                UnsafeBufferPointer(rebasing: storage[name]),
                                UnsafeBufferPointer(rebasing: storage[value])))
                    }
                    if let contentBytes {
                        unsafe add(
                            Self.field(
                                HeaderText.contentLength,
                                HeaderText.number(contentBytes, into: digits)))
                    }
                    return unsafe body(UnsafeBufferPointer(rebasing: fields[..<count]))
                }
            }
        }
    }

    private static func field(
        _ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>
    ) -> nghttp2_nv {
        unsafe nghttp2_nv(
            name: UnsafeMutablePointer(mutating: name.baseAddress),
            value: UnsafeMutablePointer(mutating: value.baseAddress),
            namelen: name.count, valuelen: value.count,
            // A value that is new in every message would only push others out of the HPACK table.
            flags: UInt8(
                unsafe HeaderText.isUnique(name)
                    ? NGHTTP2_NV_FLAG_NO_INDEX.rawValue : NGHTTP2_NV_FLAG_NONE.rawValue))
    }

    /// Tells nghttp2 that a stream has output again.
    func resume(_ stream: HTTP2Stream) {
        guard stream.output.isDeferred, !stream.isClosed else { return }
        stream.output.isDeferred = false
        // It fails only for a stream that is closing, whose output no one wants.
        _ = unsafe nghttp2_session_resume_data(handle, stream.id)
    }

    func reset(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        guard !stream.isClosed else { return }
        unsafe Self.check(
            nghttp2_submit_rst_stream(
                handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, code.rawValue))
    }

    // MARK: Flow control

    /// Gives received bytes back to the peer's view of the connection's window.
    func consumeConnection(_ bytes: Int) {
        guard bytes > 0 else { return }
        _ = unsafe nghttp2_session_consume_connection(handle, bytes)
    }

    /// Gives received bytes back to the peer's view of a stream's window.
    func consumeStream(_ stream: HTTP2Stream) {
        guard stream.unconsumedBytes > 0, !stream.isClosed else { return }
        _ = unsafe nghttp2_session_consume_stream(handle, stream.id, stream.unconsumedBytes)
        stream.unconsumedBytes = 0
    }

    // MARK: The connection

    func submitPing(_ data: UInt64) {
        unsafe withUnsafeBytes(of: data) { bytes in
            unsafe Self.check(
                nghttp2_submit_ping(
                    handle, UInt8(NGHTTP2_FLAG_NONE.rawValue),
                    bytes.bindMemory(to: UInt8.self).baseAddress))
        }
    }

    /// The first GOAWAY of a graceful end: no stream is refused yet (RFC 9113 section 6.8).
    func submitShutdownNotice() {
        guard recorder.role == .server else { return }
        unsafe Self.check(nghttp2_submit_shutdown_notice(handle))
    }

    /// The GOAWAY that names the last stream accepted.
    func submitGoAway() {
        let last = unsafe nghttp2_session_get_last_proc_stream_id(handle)
        unsafe Self.check(
            nghttp2_submit_goaway(
                handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), last,
                HTTP2ErrorCode.noError.rawValue, nil, 0))
    }

    /// Ends the session with a GOAWAY; nothing else is sent after it.
    func terminate(_ code: HTTP2ErrorCode) {
        unsafe Self.check(nghttp2_session_terminate_session(handle, code.rawValue))
    }

    /// Streams the peer lets this side hold open at once.
    var peerConcurrentStreamsMax: Int {
        unsafe Int(
            nghttp2_session_get_remote_settings(
                handle, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS))
    }
}

extension StreamOutput {
    fileprivate var endsWithBody: Bool {
        if case .body = end { true } else { false }
    }
}
