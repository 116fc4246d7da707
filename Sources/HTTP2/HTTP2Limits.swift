// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// What one HTTP/2 connection may cost. Each member is a named limit of the design's promise 7.
package struct HTTP2Limits: Sendable {
    /// Streams a peer may hold open at once (SETTINGS_MAX_CONCURRENT_STREAMS).
    package var concurrentStreamsMax = 128
    /// Handlers that may run at once on a connection. It is larger than the number of streams
    /// because a reset frees the stream at once, and its handler a moment later.
    package var handlersMax = 192
    /// Size of one header list as RFC 9113 section 6.5.2 counts it: 32 bytes for each field more.
    package var headerListBytesMax = 16 * 1024
    /// Fields in one header list.
    package var headerFieldsMax = 100
    /// Bytes of one message body.
    package var bodyBytesMax = 1 << 20
    /// Bytes of unfinished message bodies held for one connection.
    package var connectionBodyBytesMax = 4 << 20
    /// Flow control window of a stream, in bytes (RFC 9113 section 6.9).
    package var streamWindowBytes = 65_535
    /// Flow control window of the connection, in bytes.
    package var connectionWindowBytes = 1 << 20
    /// Frame bytes written to the socket and not yet taken by it. nghttp2 is not asked for more
    /// beyond this, so that its own limit on queued acknowledgements can work.
    package var outboundBufferBytesMax = 256 * 1024
    /// Unsent bytes of one streamed message at which its writer waits.
    package var streamWriteBufferBytesMax = 64 * 1024
    /// Unsent message bytes of one connection at which new streams are refused.
    package var connectionWriteBufferBytesMax = 8 << 20
    /// Entries in one SETTINGS frame (CVE-2020-11080).
    package var settingsEntriesMax = 32
    /// CONTINUATION frames of one header block (CVE-2024-28182).
    package var continuationFramesMax = 8
    /// Acknowledgements of PING and SETTINGS waiting to be sent (CVE-2019-9512, CVE-2019-9515).
    package var queuedAcknowledgementsMax = 1000
    /// Dynamic table of the header encoder, in bytes, whatever the peer offers.
    package var encoderTableBytesMax = 4096
    /// Streams reset by the peer (CVE-2023-44487).
    package var resetsByPeer = RateLimit(burst: 100, perSecond: 20)
    /// Streams this side had to reset and frames it had to refuse (CVE-2025-8671).
    package var faultsOfPeer = RateLimit(burst: 100, perSecond: 10)
    /// Frames that achieve nothing: PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA, unknown
    /// types (CVE-2019-9513, CVE-2019-9518). Requests and data earn further ones.
    package var idleFrames = RateLimit(burst: 2000, perSecond: 200)

    package init() {}
}

/// How long one HTTP/2 connection may take for things.
package struct HTTP2Timeouts: Sendable {
    /// From the connection's start to the peer's first SETTINGS frame.
    package var preface: Duration = .seconds(10)
    /// From SETTINGS to their acknowledgement.
    package var settingsAcknowledgement: Duration = .seconds(10)
    /// From a HEADERS frame to the end of its header block.
    package var headerBlock: Duration = .seconds(10)
    /// From the end of the headers to the end of the body.
    package var body: Duration = .seconds(60)
    /// An interval in which at least `bodyBytesPerIntervalMin` of an unfinished body must arrive.
    package var bodyInterval: Duration = .seconds(10)
    package var bodyBytesPerIntervalMin = 512
    /// An interval in which the peer must take at least `writeBytesPerIntervalMin` of what waits
    /// to be sent on a stream, or the rest of it.
    package var writeInterval: Duration = .seconds(20)
    package var writeBytesPerIntervalMin = 1024
    /// From the first moment a whole response waits to be sent until its end.
    package var write: Duration = .seconds(300)
    /// Without any stream, until the connection is closed.
    package var idle: Duration = .seconds(120)
    /// Without any byte from the peer while streams are open, until a PING is sent.
    package var keepaliveInterval: Duration = .seconds(30)
    /// From that PING to its acknowledgement.
    package var keepaliveAcknowledgement: Duration = .seconds(10)
    /// Age at which a server asks its client to connect anew; nil for never.
    package var ageMax: Duration? = .seconds(3600)
    /// Random part of `ageMax`, so that connections made together do not end together; 0…1.
    package var ageJitter = 0.1
    /// From the first GOAWAY until the streams still open are given up.
    package var drain: Duration = .seconds(30)
    /// From the first GOAWAY until the second one, unless a PING is acknowledged before
    /// (RFC 9113 section 6.8).
    package var goAwayRoundTrip: Duration = .seconds(1)
    /// From the last frame until the socket is closed, so that the peer can read that frame.
    package var linger: Duration = .seconds(1)

    package init() {}
}
