// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Resilience
package import TON
internal import TellerProtocol
package import Upstream

/// One toncenter: what is asked of it, in turns, and what it answers, of either implementation.
///
/// Every call waits for its turn (`CallSpacing`), then goes through the `Upstream`. A retry waits as
/// the policy says; after a 429 it waits for a turn as well, unless the server names a time.
package final class ToncenterClient: Sendable {
    /// What a call may take in all, with the wait for its turn.
    package static let callTime = Duration.seconds(20)
    /// Rows of a page; the server's own limit.
    package static let pageRowsMax = 100
    /// Transactions of one message that are told: there is one, unless the indexer errs.
    private static let tracedMax = 16

    package let settings: ToncenterSettings
    private let upstream: Upstream
    private let environment: UpstreamEnvironment
    private let turns: CallTurns

    /// - Parameters:
    ///   - environment: Of the upstream that is made.
    ///   - makeUpstream: Makes the one that all calls go through, and lists it.
    package init(
        _ settings: ToncenterSettings, environment: UpstreamEnvironment,
        makeUpstream: (UpstreamConfiguration, CheckedRetryPolicy) throws -> Upstream
    ) throws {
        self.settings = settings
        self.environment = environment
        let turns = CallTurns(
            CallSpacing(callsPerSecond: settings.callsPerSecond), environment: environment)
        self.turns = turns
        var configuration = UpstreamConfiguration(name: settings.name, baseURL: settings.baseURL)
        if let key = settings.apiKey {
            configuration.auth = FixedCredentials(UpstreamCredentials(headers: ["X-API-Key": key]))
        }
        configuration.readStatus = ToncenterAnswer.status
        configuration.readRefusal = { body in
            var refusal = UpstreamRefusal(message: ToncenterAnswer.text(body))
            if ToncenterAnswer.isRateLimit(body) { refusal.retryAfter = turns.refuse() }
            return refusal
        }
        upstream = try makeUpstream(configuration, ToncenterSettings.policy)
    }

    package var name: String { settings.name }

    // MARK: - Reading

    /// The account as of the server's newest block.
    package func accountState(of address: TONAddress) async throws(ChainError) -> AccountState {
        let name = name
        let request = UpstreamRequest(query: [("address", address.rawText)])
        return try await call(ToncenterEndpoints.accountState, request) {
            (answer) throws(JSONError) in
            try AccountState(answer.succeeded, endpoint: name)
        }
    }

    /// A page of the account's transactions, newest first.
    ///
    /// - Parameters:
    ///   - newest: The transaction the page begins with; nil for the newest the server has.
    ///   - rowsMax: From 1 to `pageRowsMax`.
    ///   - isArchival: Whether a node that keeps all history is asked.
    /// - Throws: `.unknownTransaction` when the server doesn't have `newest`.
    package func transactions(
        of address: TONAddress, from newest: TransactionReference? = nil,
        rowsMax: Int = pageRowsMax, isArchival: Bool = false
    ) async throws(ChainError) -> [TransactionRow] {
        precondition((1...Self.pageRowsMax).contains(rowsMax))
        var query = [("address", address.rawText), ("limit", "\(rowsMax)")]
        if let newest {
            query += [("lt", "\(newest.lt)"), ("hash", ServerBase64.encode(newest.hash))]
        }
        if isArchival { query.append(("archival", "true")) }
        return try await call(
            ToncenterEndpoints.transactions, UpstreamRequest(query: query), lt: newest?.lt
        ) { (answer) throws(JSONError) in
            let result = try answer.succeeded
            let rows = try result.elements
            guard rows.count <= rowsMax else { throw result.refused("has too many rows") }
            var read: [TransactionRow] = []
            for row in rows { read.append(try TransactionRow(row)) }
            return read
        }
    }

    /// Runs a get-method against the newest state.
    ///
    /// - Parameter arguments: Numbers and cells alone.
    package func runGetMethod(
        _ method: String, of address: TONAddress, arguments: [StackValue] = []
    ) async throws(ChainError) -> GetMethodResult {
        let body = JSONValue.object([
            .init("address", .string(address.rawText)), .init("method", .string(method)),
            .init("stack", .array(arguments.map(\.json))),
        ])
        return try await call(ToncenterEndpoints.getMethod, UpstreamRequest(json: body)) {
            (answer) throws(JSONError) in try GetMethodResult(answer.succeeded)
        }
    }

    /// The transactions the indexer has of a message that came in.
    ///
    /// - Parameter normalizedHash: 32 bytes (TEP-467).
    package func transactions(
        byMessage normalizedHash: [UInt8]
    ) async throws(ChainError) -> [TracedTransaction] {
        let query = [
            ("msg_hash", ServerBase64.encode(normalizedHash)), ("direction", "in"),
            ("limit", "\(Self.tracedMax)"),
        ]
        return try await call(
            ToncenterEndpoints.transactionsByMessage, UpstreamRequest(query: query)
        ) { (answer) throws(JSONError) in
            var read: [TracedTransaction] = []
            for row in try answer.member("transactions").elements.prefix(Self.tracedMax) {
                read.append(try TracedTransaction(row))
            }
            return read
        }
    }

    /// The number of the masterchain's newest block, as the server has it.
    package func masterchainSeqno() async throws(ChainError) -> UInt32 {
        try await call(ToncenterEndpoints.masterchain, UpstreamRequest()) {
            (answer) throws(JSONError) in
            try answer.succeeded.member("last").member("seqno").number()
        }
    }

    /// The newest block the indexer has. It is behind the chain, by seconds to minutes.
    package func indexedBlock() async throws(ChainError) -> ChainBlock {
        try await call(ToncenterEndpoints.indexedBlock, UpstreamRequest()) {
            (answer) throws(JSONError) in
            let last = try answer.member("last")
            return ChainBlock(
                seqno: try last.member("seqno").number(),
                time: try last.member("gen_utime").number())
        }
    }

    // MARK: - Sending

    /// Gives an external message to the chain. Sending the same bytes again is harmless.
    ///
    /// - Parameter boc: At most 65,535 bytes, as the chain has it.
    package func send(_ boc: [UInt8]) async -> SendResult {
        let message = JSONValue.object([.init("boc", .string(ServerBase64.encode(boc)))])
        let request = UpstreamRequest(json: message)
        do throws(ChainError) {
            do throws(ChainError) {
                return try await send(request, ToncenterEndpoints.sendReturningHash)
            } catch {
                guard case .unsupported = error else { throw error }
                return try await send(request, ToncenterEndpoints.send)
            }
        } catch {
            return .unknown(error)
        }
    }

    private func send(
        _ request: UpstreamRequest, _ endpoint: UpstreamEndpoint
    ) async throws(ChainError) -> SendResult {
        try await call(endpoint, request) { (answer) throws(JSONError) in
            if answer.json["ok"]?.bool != true {
                let refusal =
                    SendRefusal(ToncenterAnswer.text(answer.json)) ?? SendRefusal.wrongRequest
                return .refused(exitCode: refusal.exitCode, reason: refusal.reason)
            }
            let result = try answer.member("result")
            let hash = result.json["hash_norm"] == nil ? nil : try result.member("hash_norm").hash
            return .accepted(normalizedHash: hash)
        }
    }

    // MARK: - In turns

    /// - Parameter lt: The transaction that is asked for, for the error that says it isn't there.
    private func call<Value: Sendable>(
        _ endpoint: UpstreamEndpoint, _ request: UpstreamRequest, lt: UInt64? = nil,
        _ read: @escaping @Sendable (AnswerValue) throws(JSONError) -> Value
    ) async throws(ChainError) -> Value {
        let deadline = environment.now() + Self.callTime
        do throws(CallTurns.Refusal) {
            try await turns.wait(until: deadline)
        } catch {
            switch error {
            case .crowded: throw .crowded(endpoint: name)
            case .cancelled: throw .cancelled
            }
        }
        do throws(UpstreamError) {
            return try await upstream.call(
                endpoint, request, within: deadline - environment.now(), reading: read)
        } catch {
            switch (error.code, error.status) {
            case (.cancelled, _): throw .cancelled
            case (.rejected, ToncenterAnswer.unknownTransaction):
                throw .unknownTransaction(endpoint: name, lt: lt ?? 0)
            case (.rejected, ToncenterAnswer.unknownMethod), (.rejected, 405):
                throw .unsupported(endpoint: name)
            case (.rejected, _): throw .refused(error)
            default: throw .unavailable(error)
            }
        }
    }
}
