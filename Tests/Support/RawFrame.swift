// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// One HTTP/2 frame as bytes (RFC 9113 section 4.1), well formed or not: tests say what no library
/// would let them say.
package struct RawFrame: Equatable, Sendable {
    package enum Kind {
        package static let data: UInt8 = 0x0
        package static let headers: UInt8 = 0x1
        package static let priority: UInt8 = 0x2
        package static let reset: UInt8 = 0x3
        package static let settings: UInt8 = 0x4
        package static let pushPromise: UInt8 = 0x5
        package static let ping: UInt8 = 0x6
        package static let goAway: UInt8 = 0x7
        package static let windowUpdate: UInt8 = 0x8
        package static let continuation: UInt8 = 0x9
    }

    package static let endStream: UInt8 = 0x1
    package static let acknowledgement: UInt8 = 0x1
    package static let endHeaders: UInt8 = 0x4
    package static let padded: UInt8 = 0x8
    package static let hasPriority: UInt8 = 0x20

    package var kind: UInt8
    package var flags: UInt8
    package var streamID: UInt32
    package var payload: [UInt8]

    package init(
        _ kind: UInt8, flags: UInt8 = 0, streamID: UInt32 = 0, payload: [UInt8] = []
    ) {
        self.kind = kind
        self.flags = flags
        self.streamID = streamID
        self.payload = payload
    }

    package var bytes: [UInt8] { Self.bytes(of: self, length: payload.count) }

    /// The frame with a length that may lie.
    package static func bytes(of frame: RawFrame, length: Int) -> [UInt8] {
        [UInt8(length >> 16 & 0xff), UInt8(length >> 8 & 0xff), UInt8(length & 0xff)]
            + [frame.kind, frame.flags] + bigEndian(frame.streamID) + frame.payload
    }

    package static func bigEndian(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    /// Takes whole frames off the front of `bytes`.
    package static func take(from bytes: inout [UInt8]) -> [RawFrame] {
        var frames: [RawFrame] = []
        var start = 0
        while bytes.count - start >= 9 {
            let length =
                Int(bytes[start]) << 16 | Int(bytes[start + 1]) << 8 | Int(bytes[start + 2])
            guard bytes.count - start >= 9 + length else { break }
            let id = bytes[start + 5..<start + 9].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            frames.append(
                RawFrame(
                    bytes[start + 3], flags: bytes[start + 4], streamID: id & 0x7fff_ffff,
                    payload: Array(bytes[start + 9..<start + 9 + length])))
            start += 9 + length
        }
        bytes.removeFirst(start)
        return frames
    }

    /// The error code of a RST_STREAM or GOAWAY frame.
    package var errorCode: UInt32? {
        switch kind {
        case Kind.reset where payload.count == 4:
            payload.reduce(0) { $0 << 8 | UInt32($1) }
        case Kind.goAway where payload.count >= 8:
            payload[4..<8].reduce(0) { $0 << 8 | UInt32($1) }
        default:
            nil
        }
    }
}

// MARK: The frames tests send

extension RawFrame {
    package static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    package static func settings(_ entries: [(UInt16, UInt32)] = []) -> RawFrame {
        RawFrame(
            Kind.settings,
            payload: entries.flatMap { id, value in
                [UInt8(id >> 8), UInt8(id & 0xff)] + bigEndian(value)
            })
    }

    package static let settingsAcknowledgement = RawFrame(Kind.settings, flags: acknowledgement)

    /// A header block of literal fields that are not indexed (RFC 7541 section 6.2.2).
    package static func block(_ fields: [(String, String)]) -> [UInt8] {
        fields.flatMap { name, value in [0x00] + text(name) + text(value) }
    }

    private static func text(_ text: String) -> [UInt8] {
        let count = text.utf8.count
        guard count >= 127 else { return [UInt8(count)] + Array(text.utf8) }
        var bytes: [UInt8] = [127]
        var rest = count - 127
        while rest >= 128 {
            bytes.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        return bytes + [UInt8(rest)] + Array(text.utf8)
    }

    package static func request(
        method: String = "POST", path: String = "/", _ more: [(String, String)] = []
    ) -> [UInt8] {
        block(
            [(":method", method), (":scheme", "http"), (":path", path), (":authority", "teller")]
                + more)
    }

    package static func headers(
        _ streamID: UInt32, _ block: [UInt8] = request(), flags: UInt8 = endHeaders | endStream
    ) -> RawFrame {
        RawFrame(Kind.headers, flags: flags, streamID: streamID, payload: block)
    }

    package static func data(
        _ streamID: UInt32, _ bytes: [UInt8] = Array("data".utf8), flags: UInt8 = endStream
    ) -> RawFrame {
        RawFrame(Kind.data, flags: flags, streamID: streamID, payload: bytes)
    }

    package static func reset(_ streamID: UInt32, _ code: UInt32 = 8) -> RawFrame {
        RawFrame(Kind.reset, streamID: streamID, payload: bigEndian(code))
    }

    package static func windowUpdate(_ streamID: UInt32, _ increment: UInt32) -> RawFrame {
        RawFrame(Kind.windowUpdate, streamID: streamID, payload: bigEndian(increment))
    }

    package static func ping(flags: UInt8 = 0) -> RawFrame {
        RawFrame(Kind.ping, flags: flags, payload: Array("12345678".utf8))
    }

    package static func goAway(last: UInt32, _ code: UInt32) -> RawFrame {
        RawFrame(Kind.goAway, payload: bigEndian(last) + bigEndian(code))
    }

    package static func priority(_ streamID: UInt32, dependsOn: UInt32) -> RawFrame {
        RawFrame(Kind.priority, streamID: streamID, payload: bigEndian(dependsOn) + [16])
    }

    package static func continuation(
        _ streamID: UInt32, _ block: [UInt8], flags: UInt8 = endHeaders
    ) -> RawFrame {
        RawFrame(Kind.continuation, flags: flags, streamID: streamID, payload: block)
    }
}
