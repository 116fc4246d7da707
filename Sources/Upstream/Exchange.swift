// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import Resilience

#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#elseif canImport(Darwin)
    private import Darwin
#endif

/// One request and its whole answer, redirects followed.
struct Exchange: Sendable {
    /// Redirects of one request that are followed.
    static let redirectsMax = 3
    private static let redirects: Set<Int> = [301, 302, 303, 307, 308]
    /// Characters of others' words in an error.
    static let detailCharactersMax = 512

    /// What came back.
    struct Answer: Sendable {
        let status: Int
        /// The header field `Retry-After`.
        let retryAfter: String?
        /// Empty when the answer was not expected and its body could not be had: the status says
        /// enough, and is worth more than what went wrong behind it.
        let body: [UInt8]
    }

    let http: HTTPClient
    let origin: Origin
    let call: OutboundCall
    let path: String
    /// Empty for none.
    let body: [UInt8]
    let headers: HTTPHeaders
    let trace: AttemptTrace
    let redactor: SecretRedactor

    private var hasBody: Bool { !body.isEmpty }

    func run() async throws(AttemptFailure<AttemptFault>) -> Answer {
        var (path, target) = (path, call.target(path))
        for _ in 0...Self.redirectsMax {
            let response = try await execute(target)
            let status = Int(response.status.code)
            trace.note(status: status)
            guard call.endpoint.method == .get, Self.redirects.contains(status) else {
                return Answer(
                    status: status, retryAfter: response.headers.first(name: "retry-after"),
                    body: try await body(response, status))
            }
            let location = response.headers.first(name: "location") ?? ""
            guard let next = RedirectTarget.path(location, from: path, at: origin) else {
                throw refused("the answer redirects to another origin, or nowhere")
            }
            (path, target) = (String(next.prefix { $0 != "?" }), next)
        }
        throw refused("the answer redirects more than \(Self.redirectsMax) times")
    }

    private func execute(
        _ target: String
    ) async throws(AttemptFailure<AttemptFault>) -> HTTPClientResponse {
        var request = HTTPClientRequest(url: origin.text + target)
        request.method = HTTPMethod(rawValue: call.endpoint.method.rawValue)
        request.headers = headers
        trace.note(status: nil)
        if hasBody {
            request.body = .stream(
                TrackedBody(bytes: body, trace: trace), length: .known(Int64(body.count)))
        } else if !trace.beginSending() {
            // Without a body nothing tells when the request goes; it counts as sent from here on.
            throw failure(CancellationError())
        }
        do {
            // The attempt's own time limit cancels this; there is no second one to differ from it.
            return try await http.execute(request, deadline: .distantFuture)
        } catch {
            throw failure(error)
        }
    }

    private func body(
        _ response: HTTPClientResponse, _ status: Int
    ) async throws(AttemptFailure<AttemptFault>) -> [UInt8] {
        let isExpected = call.endpoint.expectedStatuses.contains(status)
        let bytesMax =
            isExpected
            ? call.responseBytesMax
            : min(call.responseBytesMax, UpstreamConfiguration.refusalBytesMax)
        do {
            if let body = try await Self.read(response, atMost: bytesMax) { return body }
        } catch {
            if isExpected { throw failure(error) }
        }
        if isExpected { throw refused("the answer is larger than \(bytesMax) bytes") }
        return []
    }

    /// Reads as it comes, and stops at the limit; the connection is closed then.
    ///
    /// - Returns: nil when there is more.
    private static func read(
        _ response: HTTPClientResponse, atMost bytesMax: Int
    ) async throws -> [UInt8]? {
        let announced = response.headers.first(name: "content-length").flatMap { Int($0) }
        if let announced, announced > bytesMax { return nil }
        var bytes: [UInt8] = []
        for try await buffer in response.body {
            guard bytes.count + buffer.readableBytes <= bytesMax else { return nil }
            bytes.append(contentsOf: buffer.readableBytesView)
        }
        // A body that was cut off by cancellation just ends.
        try Task.checkCancellation()
        return bytes
    }

    // MARK: - Failures

    /// The answer is whole, and not what it must be.
    private func refused(_ problem: String) -> AttemptFailure<AttemptFault> {
        AttemptFault.failure(.protocol, problem, status: trace.status)
    }

    /// What an error of the client means.
    private func failure(_ error: any Error) -> AttemptFailure<AttemptFault> {
        let hasBegun = trace.close()
        // Where the body is noted the note decides; without one only the error can tell.
        let isUnsent = !hasBegun || (!hasBody && Self.isOfConnecting(error))
        if Task.isCancelled {
            return AttemptFault.failure(
                .cancelled, "the caller went away", status: trace.status,
                mayHaveBeenProcessed: !isUnsent)
        }
        let detail = redactor.redact("\(error)", charactersMax: Self.detailCharactersMax)
        return isUnsent
            ? AttemptFault.failure(.connect, "no connection came about", detail: detail)
            : AttemptFault.failure(
                .protocol, "the connection broke, or what came is not HTTP", detail: detail,
                status: trace.status)
    }

    /// What socket(2) and connect(2) say and a connection that stands never does; an unreachable
    /// host or network is not among them.
    private static let connectErrors: Set<CInt> = [ECONNREFUSED, EADDRNOTAVAIL, EMFILE, ENFILE]

    /// Whether an error ends the making of a connection, so that nothing was sent on it.
    private static func isOfConnecting(_ error: any Error) -> Bool {
        switch error {
        case is NIOConnectionError, is NIOSSLExtraError, NIOSSLError.handshakeFailed: true
        case let error as IOError: connectErrors.contains(error.errnoCode)
        case let error as HTTPClientError:
            error == .connectTimeout || error == .tlsHandshakeTimeout
                || error == .getConnectionFromPoolTimeout || error == .alreadyShutdown
        default: false
        }
    }
}
