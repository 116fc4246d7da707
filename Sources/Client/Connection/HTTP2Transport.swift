// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTP2
package import HTTPMessages
import NIOCore
import Resilience
import Synchronization

/// One HTTP/2 connection at a time, made when it is first needed and anew when it has ended.
///
/// All calls wait for the same attempt. After a failed one the next is put off by a growing,
/// jittered delay, however many calls ask for it.
package final class HTTP2Transport: ClientTransport {
    private typealias Waiter = ConnectionState.Waiter

    private static let backoff = Backoff(
        base: .milliseconds(100), cap: .seconds(10), jitter: .equal)

    private let connector: Connector
    private let environment: ClientEnvironment
    private let state = Mutex(ConnectionState())

    package convenience init(
        _ configuration: ClientConfiguration, environment: ClientEnvironment = .system
    ) throws(TellerError) {
        let connector = try Connector(
            Endpoint(configuration.endpoint), tls: configuration.tls,
            limits: configuration.connection)
        self.init(connector, environment)
    }

    private init(_ connector: Connector, _ environment: ClientEnvironment) {
        self.connector = connector
        self.environment = environment
    }

    deinit {
        if case .connected(let connection) = state.withLock({ $0.phase }) {
            connection.close(grace: .zero)
        }
    }

    // MARK: Requests

    package func send(
        _ request: ClientRequest
    ) async throws(TransportFailure) -> HTTPResponse {
        let expiry = Expiry(request.timeout)
        let connection = try await connection(expiry)
        let call = callRequest(request)
        let bytesMax = connector.limits.answerBytesMax
        return try await withExpiry(expiry) { () async throws(HTTP2CallError) in
            let response = try await connection.call(call)
            let body = try await response.collect(bytesMax: bytesMax)
            return HTTPResponse(status: response.status, headers: response.headers, body: body)
        }
    }

    package func open(
        _ request: ClientRequest
    ) async throws(TransportFailure) -> any ClientStream {
        let expiry = Expiry(request.timeout)
        let connection = try await connection(expiry)
        let call = callRequest(request)
        let response = try await withExpiry(expiry) { () async throws(HTTP2CallError) in
            try await connection.call(call)
        }
        return HTTP2ClientStream(response, self, expiry)
    }

    private func callRequest(_ request: ClientRequest) -> HTTP2CallRequest {
        HTTP2CallRequest(
            path: connector.endpoint.path, headers: request.headers, body: request.body)
    }

    /// Runs `body`, cancelled when `expiry` has passed.
    fileprivate func withExpiry<Value: Sendable>(
        _ expiry: Expiry, _ body: @escaping @Sendable () async throws(HTTP2CallError) -> Value
    ) async throws(TransportFailure) -> Value {
        let result: Result<Value, HTTP2CallError>
        if let deadline = expiry.deadline {
            let task = Task { await Self.result(of: body) }
            let timer = connector.loop.scheduleTask(deadline: deadline) { task.cancel() }
            result = await withTaskCancellationHandler {
                await task.value
            } onCancel: {
                task.cancel()
            }
            timer.cancel()
        } else {
            result = await Self.result(of: body)
        }
        switch result {
        case .success(let value): return value
        case .failure(let error): throw TransportFailure(error, callerLeft: Task.isCancelled)
        }
    }

    private static func result<Value>(
        of body: () async throws(HTTP2CallError) -> Value
    ) async -> Result<Value, HTTP2CallError> {
        do throws(HTTP2CallError) {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }

    // MARK: The connection

    /// The open connection, or the next one.
    private func connection(_ expiry: Expiry) async throws(TransportFailure) -> HTTP2Client {
        let number: UInt64
        switch state.withLock({ $0.seekConnection() }) {
        case .open(let connection): return connection
        case .refused(let failure): throw failure
        case .wait(let waiter): number = waiter
        }
        let timer = expiry.deadline.map { deadline in
            connector.loop.scheduleTask(deadline: deadline) { [self] in
                let cause = state.withLock { $0.lastFailure }
                let late = TransportFailure(
                    .unreachable, "no connection to \(connector.endpoint.authority) in time")
                answer(number, .failure(cause ?? late))
            }
        }
        defer { timer?.cancel() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in wait(number, waiter) }
        } onCancel: {
            answer(number, .failure(TransportFailure(.cancelled, "the call was cancelled")))
        }
        return try result.get()
    }

    private func wait(_ number: UInt64, _ waiter: Waiter) {
        let mustConnect = state.withLock { $0.add(waiter, number) }
        // A cancellation before this point has found no waiter to answer.
        if Task.isCancelled {
            answer(number, .failure(TransportFailure(.cancelled, "the call was cancelled")))
        }
        switch mustConnect {
        case .nothing: break
        case .answer(let result): answer(number, result)
        case .connect(let generation, let failures): connect(generation, failures)
        }
    }

    private func answer(_ number: UInt64, _ result: Result<HTTP2Client, TransportFailure>) {
        state.withLock { $0.waiters.removeValue(forKey: number) }?.resume(returning: result)
    }

    private func connect(_ generation: UInt64, _ failures: Int) {
        Task { [self] in
            if failures > 0 {
                var random = InjectedRandom(source: environment.random)
                try? await environment.sleep(
                    Self.backoff.delay(retry: failures, using: &random))
            }
            let result: Result<HTTP2Client, TransportFailure>
            do throws(TransportFailure) {
                result = .success(
                    try await connector.connect { [weak self] in
                        self?.state.withLock { $0.ended(generation) }
                    })
            } catch {
                result = .failure(error)
            }
            let (waiters, unwanted) = state.withLock { $0.connected(result, generation) }
            for waiter in waiters { waiter.resume(returning: result) }
            unwanted?.close(grace: .zero)
        }
    }

    package func shutDown(grace: Duration) async {
        let (connection, waiters) = state.withLock { state in
            defer {
                state.phase = .shutDown
                state.waiters = [:]
            }
            let waiters = Array(state.waiters.values)
            guard case .connected(let connection) = state.phase else {
                return (HTTP2Client?.none, waiters)
            }
            return (connection, waiters)
        }
        for waiter in waiters { waiter.resume(returning: .failure(.shutDown)) }
        connection?.close(grace: grace)
        try? await connection?.closeFuture.get()
    }
}

extension TransportFailure {
    static let shutDown = TransportFailure(.shutDown, "the client has been shut down")

    /// - Parameter callerLeft: Whether a cancellation was the caller's, not the timer's.
    fileprivate init(_ error: HTTP2CallError, callerLeft: Bool) {
        switch error.code {
        case .notProcessed:
            self.init(.notProcessed, "the server has not taken the call")
        case .queueFull:
            self.init(.notProcessed, "too many calls wait for the connection")
        case .connectionLost:
            self.init(.interrupted, "the connection was lost before the answer")
        case .reset(let code):
            self.init(.interrupted, "the server reset the call's stream (\(code))")
        case .responseTooLarge:
            self.init(.answerTooLarge, "the answer is too large")
        case .cancelled where callerLeft:
            self.init(.cancelled, "the call was cancelled")
        case .cancelled:
            self.init(.timedOut, "no answer in time")
        }
    }
}

/// The moment a request's time is up.
private struct Expiry: Sendable {
    let deadline: NIODeadline?

    init(_ timeout: Duration?) { deadline = timeout.map { .now() + TimeAmount($0) } }
}

private final class HTTP2ClientStream: ClientStream {
    let status: Int
    let headers: HTTPHeaders
    private let response: Mutex<HTTP2Response?>
    private let transport: HTTP2Transport
    private let expiry: Expiry

    init(_ response: HTTP2Response, _ transport: HTTP2Transport, _ expiry: Expiry) {
        status = response.status
        headers = response.headers
        self.response = Mutex(response)
        self.transport = transport
        self.expiry = expiry
    }

    func next() async throws(TransportFailure) -> [UInt8]? {
        guard let response = response.withLock({ $0 }) else {
            throw TransportFailure(.cancelled, "the stream was cancelled")
        }
        return try await transport.withExpiry(expiry) { () async throws(HTTP2CallError) in
            try await response.next()
        }
    }

    // Letting go of the response resets the stream.
    func cancel() { response.withLock { $0 = nil } }
}
