// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The framing of gRPC over HTTP/2 ("Length-Prefixed-Message"): one byte that says whether the
/// message is compressed, four bytes of length, the message.
enum GRPCMessage {
    /// The only message of a request.
    ///
    /// - Throws: `UNIMPLEMENTED` for a compressed message, `RESOURCE_EXHAUSTED` for a large one,
    ///   `INTERNAL` for anything that is not exactly one message.
    static func unframe(_ body: [UInt8], messageBytesMax: Int) throws(GRPCStatus) -> ArraySlice<
        UInt8
    > {
        guard body.count >= 5 else { throw GRPCStatus(.internalError, "no message in the request") }
        guard body[0] == 0 else {
            throw body[0] == 1
                ? GRPCStatus(.unimplemented, "compressed messages are not supported")
                : GRPCStatus(.internalError, "the message's flag is neither 0 nor 1")
        }
        let count = body[1..<5].reduce(0) { $0 << 8 | Int($1) }
        guard count <= messageBytesMax else {
            throw GRPCStatus(.resourceExhausted, "a message has at most \(messageBytesMax) bytes")
        }
        guard body.count == 5 + count else {
            throw GRPCStatus(.internalError, "the message's length is not that of the body")
        }
        return body[5...]
    }

    static func frame(_ message: [UInt8]) -> [UInt8] {
        let count = UInt32(message.count)
        let prefix = (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * UInt32($0))) }
        return [0] + prefix + message
    }
}

/// How a gRPC call ended (grpc/grpc `doc/statuscodes.md`).
struct GRPCStatus: Error, Equatable {
    enum Code: Int {
        case ok = 0
        case cancelled = 1
        case invalidArgument = 3
        case deadlineExceeded = 4
        case notFound = 5
        case resourceExhausted = 8
        case unimplemented = 12
        case internalError = 13
        case unavailable = 14
    }

    let code: Code
    /// Printable ASCII without `%`, so that it needs no percent-encoding.
    let message: String

    init(_ code: Code, _ message: String = "") {
        self.code = code
        self.message = message
    }
}
