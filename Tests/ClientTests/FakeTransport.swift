// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Synchronization
import TellerProtocol

@testable import TellerClient

/// Answers requests by a script, in memory.
final class FakeTransport: ClientTransport {
    typealias Outcome = Result<HTTPResponse, TransportFailure>

    private let script: @Sendable (Int, ClientRequest) async -> Outcome
    private let streams: @Sendable (Int, ClientRequest) -> FakeStream
    private let recorded = Mutex<[ClientRequest]>([])

    /// - Parameter script: Gets the number of the request, from 1, and the request.
    init(
        _ script: @escaping @Sendable (Int, ClientRequest) async -> Outcome = { _, _ in
            .success(.result("{}"))
        }
    ) {
        self.script = script
        streams = { _, _ in FakeStream([]) }
    }

    init(streams: @escaping @Sendable (Int, ClientRequest) -> FakeStream) {
        self.streams = streams
        script = { _, _ in .success(.result("{}")) }
    }

    var requests: [ClientRequest] { recorded.withLock { $0 } }

    private func record(_ request: ClientRequest) -> Int {
        recorded.withLock { requests in
            requests.append(request)
            return requests.count
        }
    }

    func send(_ request: ClientRequest) async throws(TransportFailure) -> HTTPResponse {
        try await script(record(request), request).get()
    }

    func open(_ request: ClientRequest) async throws(TransportFailure) -> any ClientStream {
        streams(record(request), request)
    }

    func shutDown(grace: Duration) async {}
}

/// A response's body in given parts, and how it ends.
final class FakeStream: ClientStream {
    let status: Int
    let headers = HTTPHeaders()
    private let parts: Mutex<[[UInt8]]>
    private let failure: TransportFailure?
    private let cancelled = Mutex(false)

    init(_ parts: [String], status: Int = 200, failure: TransportFailure? = nil) {
        self.status = status
        self.parts = Mutex(parts.map { Array($0.utf8) })
        self.failure = failure
    }

    var isCancelled: Bool { cancelled.withLock { $0 } }

    func next() async throws(TransportFailure) -> [UInt8]? {
        if Task.isCancelled { throw TransportFailure(.cancelled, "cancelled") }
        let part = parts.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        if part == nil, let failure { throw failure }
        return part
    }

    func cancel() { cancelled.withLock { $0 = true } }
}

extension HTTPResponse {
    static func result(_ json: String) -> HTTPResponse {
        HTTPResponse(
            status: 200, body: Array(#"{"jsonrpc":"2.0","id":1,"result":\#(json)}"#.utf8))
    }

    static func error(
        _ status: Status, reason: String, retryable: Bool = false, retryAfter: Int64? = nil,
        httpStatus: Int = 200
    ) -> HTTPResponse {
        let error = RPCError(
            code: -32000, message: "no", status: status, reason: reason, retryable: retryable,
            retryAfterMilliseconds: retryAfter)
        let text = String(decoding: error.jsonBytes, as: UTF8.self)
        return HTTPResponse(
            status: httpStatus, body: Array(#"{"jsonrpc":"2.0","id":1,"error":\#(text)}"#.utf8))
    }
}

extension ClientRequest {
    var json: JSONValue {
        get throws { try JSONValue.parse(body) }
    }

    var key: String? { (try? json)?["params"]?["idempotencyKey"]?.string }
}

/// Time that passes only by sleeping, and remembers the sleeps.
final class SleepingTime: Sendable {
    private struct State {
        var now = Duration.seconds(1_000)
        var sleeps: [Duration] = []
    }

    private let state = Mutex(State())

    var now: Duration { state.withLock { $0.now } }
    var sleeps: [Duration] { state.withLock { $0.sleeps } }

    func pass(_ duration: Duration) { state.withLock { $0.now += duration } }

    /// - Parameter random: Every random number; the largest makes full jitter wait longest.
    func environment(random: UInt64 = .max) -> ClientEnvironment {
        ClientEnvironment(
            now: { self.now },
            wall: { Timestamp(unixMilliseconds: 0x0199_ABCD_EF01) },
            sleep: { duration in
                try Task.checkCancellation()
                self.state.withLock { state in
                    state.sleeps.append(duration)
                    state.now += duration
                }
            },
            random: { random })
    }
}

/// A journal in memory that counts.
final class MemoryJournal: KeyJournal {
    private let entries = Mutex<[JournalEntry]>([])
    private let failure: JournalError?

    init(_ entries: [JournalEntry] = [], failure: JournalError? = nil) {
        self.failure = failure
        self.entries.withLock { $0 = entries }
    }

    func begin(_ entry: JournalEntry) async throws(JournalError) {
        if let failure { throw failure }
        entries.withLock { if !$0.contains(entry) { $0.append(entry) } }
    }

    func complete(_ entry: JournalEntry) async {
        entries.withLock { $0.removeAll { $0 == entry } }
    }

    func pending() async -> [JournalEntry] { entries.withLock { $0 } }
}

let anyGet = MethodDescriptor<JSONValue, JSONValue>(
    "account.get", scope: "account:read", repeatable: .always)
let anyCreate = MethodDescriptor<JSONValue, JSONValue>(
    "withdraw.create", scope: "withdraw:write", repeatable: .withKey)
let anyWatch = StreamDescriptor<JSONValue, JSONValue, JSONValue>(
    "withdraw.watch", scope: "withdraw:read")

func makeClient(
    _ transport: any ClientTransport, _ environment: ClientEnvironment = .system,
    configure: (inout ClientConfiguration) -> Void = { _ in }
) -> TellerClient {
    var configuration = ClientConfiguration(endpoint: "http://127.0.0.1:1")
    configure(&configuration)
    return TellerClient(
        configuration: configuration, transport: transport, environment: environment)
}
