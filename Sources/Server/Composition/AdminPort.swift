// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTP2
import HTTPMessages
import Logging
import NIOCore
import RPC
import ServiceLifecycle
import TLS
import Telemetry
import Transport

/// The port for operators: metrics, probes and the log level. It is the last to close, so that a
/// drain can be watched.
struct AdminPort: Service {
    /// Scrapers, probes and a person or two.
    private static let connectionsMax = 64
    private static let bodyBytesMax = 1024

    private let server: HTTPServer
    private let logger: Logger

    /// - Returns: nil when none is configured.
    init?(
        _ configuration: ServerConfiguration, instruments: Instruments, health: HealthState,
        security: TLSContextStore?
    ) {
        guard let address = configuration.admin else { return nil }
        var settings = HTTPServerConfiguration()
        settings.host = address.host
        settings.port = address.port
        settings.eventLoops = 1
        settings.connectionsMax = Self.connectionsMax
        settings.http1.bodyBytesMax = Self.bodyBytesMax
        settings.http2.bodyBytesMax = Self.bodyBytesMax
        logger = instruments.logger
        server = HTTPServer(
            configuration: settings,
            handler: AdminHandler(
                instruments: instruments, health: health, token: configuration.adminToken),
            security: security, logger: instruments.logger)
    }

    func run() async throws {
        let port = try await server.bind().port ?? 0
        logger.notice("administration", metadata: ["port": "\(port)"])
        try? await gracefulShutdown()
        await server.drain(grace: .seconds(1))
    }
}

/// Answers the admin port's requests:
///
/// | request | answer |
/// |---|---|
/// | `GET /metrics` | all metrics, as Prometheus text or OpenMetrics, by `Accept` |
/// | `GET /log-level` | the least level that is logged |
/// | `PUT /log-level` | takes a level as its body; it holds until the process ends |
/// | `GET /livez`, `GET /readyz` | as on the RPC port; they need no token |
struct AdminHandler: HTTPHandler {
    let instruments: Instruments
    let health: HealthState
    /// What callers must send as `Bearer`; nil for nothing.
    let token: String?

    func begin(_ request: HTTPRequest, _ exchange: any HTTPExchange) -> HTTPWork? {
        switch request.path {
        case "/livez": respond(200, "ok\n", exchange)
        case "/readyz":
            respond(health.isReady ? 200 : 503, health.isReady ? "ok\n" : "not ready\n", exchange)
        case "/metrics", "/log-level":
            guard isAllowed(request) else {
                var headers = HTTPHeaders()
                headers.add("www-authenticate", "Bearer")
                respond(401, "a bearer token is needed\n", headers: headers, exchange)
                return nil
            }
            if request.path == "/metrics" { return scrape(request, exchange) }
            answerLevel(request, exchange)
        default: respond(404, "try /metrics, /log-level, /livez or /readyz\n", exchange)
        }
        return nil
    }

    func handle(_ request: HTTPRequest, _ exchange: any HTTPExchange) async {
        await begin(request, exchange)?()
    }

    private func isAllowed(_ request: HTTPRequest) -> Bool {
        guard let token else { return true }
        let (expected, given) = (
            Array("Bearer \(token)".utf8), Array((request.headers["authorization"] ?? "").utf8)
        )
        guard expected.count == given.count else { return false }
        // All of it is compared, whatever differs: the time says nothing of where.
        return zip(expected, given).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private func scrape(_ request: HTTPRequest, _ exchange: any HTTPExchange) -> HTTPWork? {
        guard request.method == .get || request.method == .head else {
            refuseMethod("GET, HEAD", exchange)
            return nil
        }
        let format = MetricsFormat.negotiated(accept: request.headers["accept"])
        return { [metrics = instruments.metrics] in
            var headers = HTTPHeaders()
            headers.add("content-type", format.contentType)
            let body = await metrics.scrape(format)
            exchange.respond(
                HTTPResponse(
                    status: 200, headers: headers, body: request.method == .head ? [] : body))
        }
    }

    private func answerLevel(_ request: HTTPRequest, _ exchange: any HTTPExchange) {
        switch request.method {
        case .get: respond(200, "\(instruments.logs.level)\n", exchange)
        case .other("PUT"):
            let text = String(decoding: request.body, as: UTF8.self)
            guard let level = Logger.Level(rawValue: text.filter { !$0.isWhitespace }) else {
                let names = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
                return respond(400, "the body must be one of \(names)\n", exchange)
            }
            let former = instruments.logs.level
            instruments.logs.level = level
            instruments.logger.warning(
                "log level changed",
                metadata: [
                    "from": "\(former)", "to": "\(level)",
                    "by": "\(request.connection.remoteAddress)",
                ])
            respond(200, "\(level)\n", exchange)
        default: refuseMethod("GET, PUT", exchange)
        }
    }

    private func refuseMethod(_ allowed: String, _ exchange: any HTTPExchange) {
        var headers = HTTPHeaders()
        headers.add("allow", allowed)
        respond(405, "the methods are \(allowed)\n", headers: headers, exchange)
    }

    private func respond(
        _ status: Int, _ text: String, headers: HTTPHeaders = HTTPHeaders(),
        _ exchange: any HTTPExchange
    ) {
        var headers = headers
        headers.add("content-type", "text/plain; charset=utf-8")
        headers.add("cache-control", "no-store")
        exchange.respond(HTTPResponse(status: status, headers: headers, body: Array(text.utf8)))
    }
}
