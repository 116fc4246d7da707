// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Logging
import TellerProtocol
import TestSupport
import Tracing

@testable import RPC

/// A handler with the test methods, time that stands still, and a caller.
struct Fixture {
    let methods = TestMethods()
    let time = ManualTime()
    let health = HealthState(blockers: [])
    let handler: RPCHandler
    let connection: HTTPConnectionInfo

    init(
        access: AccessPolicy = .open, limits: RPCLimits = RPCLimits(),
        connection: HTTPConnectionInfo = Fixture.connection(), tracer: (any Tracer)? = nil,
        logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) {
        let time = time
        self.connection = connection
        handler = RPCHandler(
            methods: methods.all, access: access, health: health, limits: limits,
            clock: RPCClock(
                now: { time.now }, wall: { Timestamp(unixMilliseconds: time.now.wholeMilliseconds) }
            ), tracer: tracer, identifierSeed: 1, logger: logger)
    }

    static func connection(id: UInt64 = 1, address: String = "192.0.2.1", subject: String? = nil)
        -> HTTPConnectionInfo
    {
        HTTPConnectionInfo(
            id: id, version: .http2, remoteAddress: address, isEncrypted: false,
            clientCertificateSubject: subject)
    }

    func request(
        _ body: String, method: HTTPMethod = .post, path: String = "/rpc",
        headers: KeyValuePairs<String, String> = ["content-type": "application/json"],
        connection: HTTPConnectionInfo? = nil
    ) -> HTTPRequest {
        HTTPRequest(
            method: method, path: path, headers: HTTPHeaders(headers), body: Array(body.utf8),
            connection: connection ?? self.connection)
    }

    func exchange(writesAllowed: Int? = nil) -> InProcessExchange {
        InProcessExchange(time: time, writesAllowed: writesAllowed)
    }

    /// Sends a request and waits for its answer.
    func send(_ request: HTTPRequest) async -> InProcessExchange.Response {
        await exchange().answer(to: request, from: handler)
    }

    func send(_ body: String, headers: KeyValuePairs<String, String> = [:]) async
        -> InProcessExchange.Response
    { await send(request(body, headers: headers)) }

    /// Begins a request that is not answered at once.
    func start(
        _ body: String, headers: KeyValuePairs<String, String> = [:], writesAllowed: Int? = nil
    ) -> InProcessExchange {
        let exchange = exchange(writesAllowed: writesAllowed)
        exchange.start(request(body, headers: headers), on: handler)
        return exchange
    }

    static func call(_ method: String, _ params: String = "{}", id: String = "1") -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":\#(params)}"#
    }
}
