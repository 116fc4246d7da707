// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPMessages
import Logging
import PostgresStore
import RPC
import Resilience
import SQLiteStore
import Supervision
import Synchronization
import TellerProtocol
import TestSupport
import Testing
import Transport
import Upstream

@testable import TellerServer

/// One instance's upstream, its policies and the methods over them, without a process around.
final class PolicyBench: Sendable {
    static let name = "service"
    /// Nothing listens there.
    static let closedPort = 1

    let upstreams: UpstreamBoard
    let policies: PolicyBoard
    let upstream: Upstream
    private let rpc: RPCHandler

    /// Runs `body` with an instance whose upstream is at the port.
    static func with<Result>(
        _ store: any PolicyStore, port: Int = closedPort,
        logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        policy change: (inout RetryPolicy) -> Void = { _ in },
        _ body: (PolicyBench) async throws -> Result
    ) async throws -> Result {
        let bench = try PolicyBench(store, port, logger, change)
        do {
            let result = try await body(bench)
            await bench.upstreams.close()
            return result
        } catch {
            await bench.upstreams.close()
            throw error
        }
    }

    private init(
        _ store: any PolicyStore, _ port: Int, _ logger: Logger,
        _ change: (inout RetryPolicy) -> Void
    ) throws {
        upstreams = UpstreamBoard(clock: .system, observer: nil)
        policies = PolicyBoard(registry: upstreams.registry, store: store, logger: logger)
        let url = try BaseURL("http://127.0.0.1:\(port)")
        upstream = try upstreams.add(
            UpstreamConfiguration(name: Self.name, baseURL: url),
            policy: CheckedRetryPolicy(Self.policy(change)))
        rpc = RPCHandler(
            methods: Self.methods(
                RetryPolicyHandler(board: policies, clock: .system),
                UpstreamHandler(instance: "teller-1", board: upstreams, policies: policies)),
            access: .open, health: HealthState(blockers: []), identifierSeed: 1, logger: logger)
    }

    /// A policy that fails fast, changed.
    static func policy(_ change: (inout RetryPolicy) -> Void = { _ in }) -> RetryPolicy {
        var policy = RetryPolicy.default
        policy.backoff.baseMs = 1
        policy.backoff.capMs = 2
        policy.breaker.callsMin = 10_000
        policy.budget.floor = 1_000
        change(&policy)
        return policy
    }

    private static func methods(
        _ policies: RetryPolicyHandler, _ upstreams: UpstreamHandler
    ) -> [RPCMethod] {
        func method<Params: JSONDecodable & Sendable, Result: JSONEncodable & Sendable>(
            _ descriptor: MethodDescriptor<Params, Result>,
            _ call: @escaping @Sendable (Params, RPCContext) async throws(RPCError) -> Result
        ) -> RPCMethod {
            .unary(descriptor.name, scope: Scope(descriptor.scope), call)
        }
        return [
            method(Methods.retryPolicyList, policies.list),
            method(Methods.retryPolicyGet, policies.get),
            method(Methods.retryPolicySet, policies.set),
            method(Methods.retryPolicyHistory, policies.history),
            method(Methods.retryPolicyRollback, policies.rollback),
            method(Methods.retryPolicySimulate, policies.simulate),
            method(Methods.upstreamList, upstreams.list),
            method(Methods.upstreamStatus, upstreams.status),
        ]
    }

    /// Makes a call as it comes over the wire.
    func call<Params: JSONEncodable, Result: JSONDecodable>(
        _ method: MethodDescriptor<Params, Result>, _ params: Params
    ) async throws -> Result {
        let answer = try await call(method.name, JSONValue.parse(params.jsonBytes))
        return try Result(jsonBytes: answer.jsonBytes)
    }

    /// - Returns: the result.
    func call(_ method: String, _ params: JSONValue) async throws -> JSONValue {
        let call = JSONValue.object([
            .init("jsonrpc", .string("2.0")), .init("id", .string("1")),
            .init("method", .string(method)), .init("params", params),
        ])
        let connection = HTTPConnectionInfo(
            id: 1, version: .http2, remoteAddress: "in-process", isEncrypted: false,
            clientCertificateSubject: nil)
        let request = HTTPRequest(
            method: .post, path: "/rpc", body: call.jsonBytes, connection: connection)
        let response = await InProcessExchange(time: ManualTime()).answer(to: request, from: rpc)
        let answer = try JSONValue.parse(response.body)
        if let error = answer["error"] { throw try RPCError(jsonBytes: error.jsonBytes) }
        return try #require(answer["result"])
    }

    /// What a call is refused with; nil when it is not.
    func refusal<Params: JSONEncodable, Result: JSONDecodable>(
        _ method: MethodDescriptor<Params, Result>, _ params: Params
    ) async throws -> RPCError? {
        do {
            _ = try await call(method, params)
            return nil
        } catch let error as RPCError {
            return error
        }
    }

    @discardableResult func set(
        _ policy: RetryPolicy, after version: Int, reason: String = "better"
    ) async throws -> RetryPolicyStatus {
        try await call(Methods.retryPolicySet, Self.setting(policy, version, reason)).retryPolicy
    }

    static func setting(
        _ policy: RetryPolicy, _ version: Int, _ reason: String = "better",
        validateOnly: Bool? = nil
    ) -> RetryPolicySetParams {
        RetryPolicySetParams(
            upstream: name, policy: RetryPolicyDocument(policy), expectedVersion: version,
            reason: reason, validateOnly: validateOnly)
    }

    /// The version in effect.
    func version() async throws -> Int {
        try await call(Methods.retryPolicyGet, .init(upstream: Self.name)).retryPolicy.version
    }

    func health() async throws -> UpstreamHealth {
        try await call(Methods.upstreamStatus, .init(upstream: Self.name)).upstream
    }

    /// Makes one call to the upstream.
    func callUpstream() async throws {
        _ = try await upstream.send(UpstreamEndpoint("service.look", .get, "/", .repeatable))
    }

    /// Runs `body` while the instance follows the store, as its supervisor would have it.
    func following<Result>(_ body: () async throws -> Result) async throws -> Result {
        let context = ChildContext(attempt: 1, time: .system) { _ in }
        let child = policies.child
        async let followed: Void = child.body(context)
        let result: Result
        do {
            result = try await body()
        } catch {
            context.askToStop()
            throw error
        }
        context.askToStop()
        try await followed
        return result
    }
}

/// A store in memory that can be away, and that can go back in time.
final class SteeredStore: PolicyStore {
    private struct State {
        var base = InMemoryClusterStore()
        var isAway = false
    }

    private let state = Mutex(State())

    var isAway: Bool {
        get { state.withLock { $0.isAway } }
        set { state.withLock { $0.isAway = newValue } }
    }

    func forgetAll() { state.withLock { $0.base = InMemoryClusterStore() } }

    private func base() throws(PolicyStoreError) -> InMemoryClusterStore {
        let state = state.withLock { $0 }
        guard !state.isAway else { throw .unavailable("gone for lunch") }
        return state.base
    }

    func setPolicy(_ policy: PolicyVersion) async throws(PolicyStoreError) {
        try await base().setPolicy(policy)
    }

    func policies() async throws(PolicyStoreError) -> [PolicyVersion] {
        try await base().policies()
    }

    func policyHistory(
        of name: String, before: Int64?, limit: Int
    ) async throws(PolicyStoreError) -> [PolicyVersion] {
        try await base().policyHistory(of: name, before: before, limit: limit)
    }
}

/// What two instances share, opened as each of them would.
final class SharedPolicies: Sendable {
    let stores: [any PolicyStore]
    private let folder: URL

    init(_ kind: ServerStore) throws {
        folder = URL(filePath: "/tmp/teller-policies-\(UInt64.random(in: .min ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        switch kind {
        case .sqlite:
            // Its file is one process's.
            let store = try SQLiteStore(
                path: folder.appending(path: "ledger.sqlite").path,
                outcomeLifeMilliseconds: 1_000)
            stores = [store, store]
        case .postgres:
            let database = try SharedCluster.get().makeDatabase()
            stores = try (0..<2).map { _ in
                try PostgresStore(
                    connectionString: database, outcomeLifeMilliseconds: 1_000, readers: 2,
                    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            }
        }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }
}

/// An API that answers with the statuses of `script`, over and over.
func withAPI<Result>(
    _ script: [Int], _ body: (_ port: Int) async throws -> Result
) async throws -> Result {
    var configuration = HTTPServerConfiguration()
    configuration.eventLoops = 1
    let server = HTTPServer(
        configuration: configuration, handler: ScriptedAPI(script: script),
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let port = try #require(try await server.bind().port)
    do {
        let result = try await body(port)
        await server.drain(grace: .zero)
        return result
    } catch {
        await server.drain(grace: .zero)
        throw error
    }
}

private final class ScriptedAPI: HTTPHandler {
    private let script: [Int]
    private let answered = Atomic(0)

    init(script: [Int]) { self.script = script }

    func handle(_ request: HTTPRequest, _ exchange: any HTTPExchange) async {
        let number = answered.add(1, ordering: .relaxed).oldValue
        let status = script[number % script.count]
        // A recovery takes its time, or it would be over before any backoff.
        if status != 200 { try? await Task.sleep(for: .milliseconds(20)) }
        exchange.respond(HTTPResponse(status: status, body: Array("{}".utf8)))
    }
}
