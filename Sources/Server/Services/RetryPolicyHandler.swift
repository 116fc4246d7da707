// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import RPC
import Resilience
import TellerProtocol
import Upstream

/// `retryPolicy.*` over this instance's upstreams and the cluster's store of policies.
struct RetryPolicyHandler: RetryPolicyService {
    let board: PolicyBoard
    let clock: RPCClock
    let simulator = PolicySimulator()

    func list(
        _ params: RetryPolicyListParams, _ context: RPCContext
    ) async throws(RPCError) -> RetryPolicyListResult {
        var policies: [RetryPolicyStatus] = []
        for upstream in board.registry.all {
            policies.append(
                RetryPolicyStatus(await board.inEffect(for: upstream), of: upstream.name))
        }
        return RetryPolicyListResult(retryPolicies: policies)
    }

    func get(
        _ params: RetryPolicyGetParams, _ context: RPCContext
    ) async throws(RPCError) -> RetryPolicyGetResult {
        let upstream = try find(params.upstream)
        let policy = await board.inEffect(for: upstream)
        // It sorts up to 4,096 outcomes, which is too much for an event loop.
        let suggestion = await withTaskExecutorPreference(globalConcurrentExecutor) {
            PolicySuggestion(current: upstream.policy, recorded: upstream.recorded)
        }
        return RetryPolicyGetResult(
            retryPolicy: RetryPolicyStatus(policy, of: upstream.name),
            suggestion: suggestion.map(RetryPolicySuggestion.init))
    }

    func set(
        _ params: RetryPolicySetParams, _ context: RPCContext
    ) async throws(RPCError) -> RetryPolicySetResult {
        let change = change(params.expectedVersion, params.reason, context)
        let policy = params.policy.policy
        let status = try await context.steer { () async throws(PolicyBoard.Refusal) in
            params.validateOnly == true
                ? try await board.validate(policy, of: params.upstream, change)
                : try await board.set(policy, of: params.upstream, change)
        }
        return RetryPolicySetResult(
            retryPolicy: RetryPolicyStatus(status, of: params.upstream))
    }

    func history(
        _ params: RetryPolicyHistoryParams, _ context: RPCContext
    ) async throws(RPCError) -> RetryPolicyHistoryResult {
        let upstream = try find(params.upstream).name
        let limit = params.limit ?? Page.rowsStandard
        let before = try Cursor.policies(params.cursor, of: upstream)
        let rows = try await context.steer { () async throws(PolicyBoard.Refusal) in
            try await board.history(of: upstream, before: before, limit: limit + 1)
        }
        let page = rows.prefix(limit)
        let next =
            rows.count > limit
            ? page.last.map { Cursor.text(afterPolicy: $0.version, of: upstream) } : nil
        return RetryPolicyHistoryResult(
            revisions: page.map(RetryPolicyRevision.init), nextCursor: next)
    }

    func rollback(
        _ params: RetryPolicyRollbackParams, _ context: RPCContext
    ) async throws(RPCError) -> RetryPolicyRollbackResult {
        let change = change(params.expectedVersion, params.reason, context)
        let status = try await context.steer { () async throws(PolicyBoard.Refusal) in
            try await board.rollBack(to: Int64(params.version), of: params.upstream, change)
        }
        return RetryPolicyRollbackResult(
            retryPolicy: RetryPolicyStatus(status, of: params.upstream))
    }

    func simulate(
        _ params: RetryPolicySimulateParams, _ context: RPCContext
    ) async throws(RPCError) -> RetryPolicySimulateResult {
        let upstream = try find(params.upstream)
        var proposed: CheckedRetryPolicy?
        do throws(CheckedRetryPolicy.Refusal) {
            if let policy = params.policy?.policy { proposed = try CheckedRetryPolicy(policy) }
        } catch {
            throw RPCError(error.faults)
        }
        return try await simulator.run(params, proposed: proposed, on: upstream)
    }

    private func find(_ name: String) throws(RPCError) -> Upstream {
        guard let upstream = board.registry[name] else {
            throw RPCError(reason: .upstreamNotFound)
        }
        return upstream
    }

    private func change(
        _ expectedVersion: Int, _ reason: String, _ context: RPCContext
    ) -> PolicyBoard.Change {
        PolicyBoard.Change(
            expectedVersion: Int64(expectedVersion), author: context.principal.name,
            reason: reason, at: clock.wall.timeOfDay)
    }
}

extension RPCContext {
    /// Does something with the policies, telling a refusal in the contract's words.
    fileprivate func steer<Value>(
        _ body: () async throws(PolicyBoard.Refusal) -> Value
    ) async throws(RPCError) -> Value {
        do {
            return try await body()
        } catch {
            if case .store(let detail) = error {
                logger.warning("the store failed", metadata: ["error": "\(detail)"])
            }
            throw RPCError(error)
        }
    }
}

extension RPCError {
    fileprivate init(_ refusal: PolicyBoard.Refusal) {
        switch refusal {
        case .unknownUpstream: self.init(reason: .upstreamNotFound)
        case .faults(let faults): self.init(faults)
        case .conflict(let current):
            self.init(
                reason: .retryPolicyConflict, details: ["currentVersion": "\(current)"])
        case .unknownVersion: self.init(reason: .retryPolicyVersionNotFound)
        case .unusableVersion:
            self.init(
                reason: .invalidParams,
                fields: [.init(path: "version", problem: "is a policy this program can't use")])
        case .store: self.init(reason: .storeUnavailable, retryAfterMilliseconds: 1000)
        }
    }

    /// The faults of the param `policy`.
    fileprivate init(_ faults: [RetryPolicy.Fault]) {
        self.init(
            reason: .invalidParams,
            fields: faults.map { .init(path: "policy.\($0.path)", problem: $0.problem) })
    }
}
