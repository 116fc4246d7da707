// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import NIOCore
import NIOHTTP1

/// A request of which the head has arrived.
struct IncomingRequest {
    struct Refusal: Error {
        var status: Int
    }

    let method: HTTPMessages.HTTPMethod
    let path: String
    let headers: HTTPMessages.HTTPHeaders
    let version: HTTPMessages.HTTPVersion
    let keepsAlive: Bool
    let expectsContinue: Bool
    let startedAt: NIODeadline
    var body: [UInt8] = []
    private var intervalStartedAt: NIODeadline
    private var intervalBytes = 0

    /// Checks what RFC 9112 leaves to the server: versions, targets, and message lengths that two
    /// parties could read differently (section 6.3, request smuggling).
    static func read(
        _ head: HTTPRequestHead, limits: HTTP1Limits, now: NIODeadline
    ) -> Result<IncomingRequest, Refusal> {
        guard head.version == .http1_1 || head.version == .http1_0 else {
            return .failure(Refusal(status: 505))
        }
        guard head.uri.utf8.count <= limits.headBytesMax else {
            return .failure(Refusal(status: 414))
        }
        let lengths = head.headers["content-length"]
        let codings = head.headers["transfer-encoding"]
        guard lengths.count <= 1, codings.count <= 1, lengths.isEmpty || codings.isEmpty else {
            return .failure(Refusal(status: 400))
        }
        if let coding = codings.first, coding.lowercased() != "chunked" || head.version == .http1_0
        {
            return .failure(Refusal(status: coding.lowercased() == "chunked" ? 400 : 501))
        }
        if let length = lengths.first {
            guard let length = Int(length), length >= 0 else {
                return .failure(Refusal(status: 400))
            }
            guard length <= limits.bodyBytesMax else { return .failure(Refusal(status: 413)) }
        }
        if head.version == .http1_1, head.headers["host"].count != 1 {
            return .failure(Refusal(status: 400))
        }
        guard let path = path(of: head.uri) else { return .failure(Refusal(status: 400)) }
        return .success(IncomingRequest(head, path: path, now: now))
    }

    private init(_ head: HTTPRequestHead, path: String, now: NIODeadline) {
        method =
            switch head.method {
            case .GET: .get
            case .HEAD: .head
            case .POST: .post
            default: .other(head.method.rawValue)
            }
        self.path = path
        var headers = HTTPMessages.HTTPHeaders()
        for (name, value) in head.headers { headers.add(name.lowercased(), value) }
        self.headers = headers
        version = head.version == .http1_0 ? .http1_0 : .http1_1
        keepsAlive = head.isKeepAlive
        expectsContinue =
            head.version == .http1_1 && headers["expect"]?.lowercased() == "100-continue"
        startedAt = now
        intervalStartedAt = now
    }

    /// The path of a request target in origin or absolute form (RFC 9112 section 3.2).
    private static func path(of target: String) -> String? {
        var rest = target[...]
        for scheme in ["http://", "https://"] where rest.lowercased().hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
            rest = rest.firstIndex(of: "/").map { rest[$0...] } ?? "/"
        }
        guard rest.first == "/" || rest == "*" else { return nil }
        return String(rest.prefix { $0 != "?" })
    }

    /// When to look at the body's progress again; `now` or before when it is too slow.
    mutating func nextCheck(now: NIODeadline, limits: HTTP1Limits) -> NIODeadline {
        let end = intervalStartedAt + TimeAmount(limits.bodyInterval)
        guard end <= now else { return end }
        if body.count - intervalBytes < limits.bodyBytesPerIntervalMin { return end }
        intervalStartedAt = now
        intervalBytes = body.count
        return now + TimeAmount(limits.bodyInterval)
    }
}
