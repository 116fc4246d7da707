// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages

/// `grpc.health.v1.Health`: Check, Watch and List, as gRPC clients and Kubernetes call them.
///
/// It knows three services: the whole server (the empty name) and `readiness`, which are serving
/// when the server can take work, and `liveness`, which always is.
final class HealthService: Sendable {
    let state: HealthState
    private let limits: RPCLimits
    private let watchers: InFlightCalls

    init(state: HealthState, limits: RPCLimits) {
        self.state = state
        self.limits = limits
        watchers = InFlightCalls(
            totalMax: limits.healthWatchersMax, perConnectionMax: limits.streamsPerConnectionMax,
            counter: { $0.streamsOpen })
    }

    /// Whether the request is a gRPC call with protobuf messages, to this service or to one that
    /// does not exist.
    static func isGRPC(_ request: HTTPRequest) -> Bool {
        guard let type = request.headers.bytes("content-type") else { return false }
        let essence = type.prefix { $0 != UInt8(ascii: ";") }
        return essence.elementsEqual("application/grpc".utf8)
            || essence.elementsEqual("application/grpc+proto".utf8)
    }

    func answer(_ request: HTTPRequest, _ exchange: any HTTPExchange) async {
        do throws(GRPCStatus) {
            guard request.method == .post else {
                throw GRPCStatus(.unimplemented, "gRPC calls are POST")
            }
            if let timeout = request.headers.bytes("grpc-timeout") {
                guard let duration = GRPCTimeout.duration(timeout) else {
                    throw GRPCStatus(.invalidArgument, "grpc-timeout is malformed")
                }
                exchange.cancel(after: duration)
            }
            switch request.path {
            case "/grpc.health.v1.Health/Check": try check(request, exchange)
            case "/grpc.health.v1.Health/List": try list(request, exchange)
            case "/grpc.health.v1.Health/Watch": try await watch(request, exchange)
            default: throw GRPCStatus(.unimplemented, "there is no such gRPC method")
            }
        } catch {
            // A response without messages: the status stands in the headers ("Trailers-Only").
            var headers = Self.headers
            Self.add(error, to: &headers)
            exchange.respond(HTTPResponse(status: 200, headers: headers))
        }
    }

    private func check(_ request: HTTPRequest, _ exchange: any HTTPExchange) throws(GRPCStatus) {
        guard let status = Self.status(of: try service(in: request), isReady: state.isReady) else {
            throw GRPCStatus(.notFound, "unknown service")
        }
        respond(HealthMessages.checkResponse(status), exchange)
    }

    private func list(_ request: HTTPRequest, _ exchange: any HTTPExchange) throws(GRPCStatus) {
        // HealthListRequest has no fields; whatever it carries is skipped as unknown.
        _ = try service(in: request)
        let isReady = state.isReady
        let statuses = ["", "liveness", "readiness"].map { service in
            (service, Self.status(of: service, isReady: isReady) ?? .unknown)
        }
        respond(HealthMessages.listResponse(statuses), exchange)
    }

    /// Sends the status and then each change of it, until the caller leaves or the server drains.
    private func watch(_ request: HTTPRequest, _ exchange: any HTTPExchange)
        async throws(GRPCStatus)
    {
        let service = try service(in: request)
        guard watchers.enter(request.connection) else {
            throw GRPCStatus(.resourceExhausted, "too many watchers")
        }
        defer { watchers.leave(request.connection) }
        exchange.begin(status: 200, headers: Self.headers)
        var last: HealthMessages.ServingStatus?
        for await isReady in state.changes() {
            let status = Self.status(of: service, isReady: isReady) ?? .serviceUnknown
            if status != last {
                last = status
                do {
                    try await exchange.write(
                        GRPCMessage.frame(HealthMessages.checkResponse(status)))
                } catch { break }
            }
            if state.isDraining { break }
        }
        // A caller that has left does not see this any more.
        let end =
            state.isDraining
            ? GRPCStatus(.unavailable, "the server is shutting down")
            : GRPCStatus(.deadlineExceeded, "the call's deadline has passed")
        var trailers = HTTPHeaders()
        Self.add(end, to: &trailers)
        exchange.finish(trailers: trailers)
    }

    private func service(in request: HTTPRequest) throws(GRPCStatus) -> String {
        let message = try GRPCMessage.unframe(
            request.body, messageBytesMax: limits.healthMessageBytesMax)
        return try HealthMessages.service(inCheckRequest: message)
    }

    private static func status(of service: String, isReady: Bool) -> HealthMessages.ServingStatus? {
        switch service {
        case "", "readiness": isReady ? .serving : .notServing
        case "liveness": .serving
        default: nil
        }
    }

    private func respond(_ message: [UInt8], _ exchange: any HTTPExchange) {
        var trailers = HTTPHeaders()
        Self.add(GRPCStatus(.ok), to: &trailers)
        exchange.respond(
            HTTPResponse(
                status: 200, headers: Self.headers, body: GRPCMessage.frame(message),
                trailers: trailers))
    }

    private static var headers: HTTPHeaders { HTTPHeaders(["content-type": "application/grpc"]) }

    private static func add(_ status: GRPCStatus, to headers: inout HTTPHeaders) {
        headers.add("grpc-status", String(status.code.rawValue))
        if !status.message.isEmpty { headers.add("grpc-message", status.message) }
    }
}
