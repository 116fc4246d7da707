// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import Resilience
import Synchronization
import TellerProtocol
import TestSupport
import Testing

@testable import TellerServer

/// Setting, following and returning to retry policies.
@Suite struct PolicyMethodTests {
    private static func policy(baseMs: Int) -> RetryPolicy {
        PolicyBench.policy {
            $0.backoff.baseMs = baseMs
            $0.backoff.capMs = 1_000
        }
    }

    @Test(arguments: ServerStore.allCases)
    func `a policy is in effect at once here and within a second elsewhere`(
        kind: ServerStore
    ) async throws {
        let shared = try SharedPolicies(kind)
        try await PolicyBench.with(shared.stores[0]) { first in
            try await PolicyBench.with(shared.stores[1]) { second in
                try await second.following {
                    var delays: [Duration] = []
                    for version in 1...3 {
                        let policy = Self.policy(baseMs: version * 10)
                        let status = try await first.set(policy, after: version - 1)
                        #expect(status.version == version && status.author == "anonymous")
                        #expect(first.upstream.policy.policy == policy)
                        let start = ContinuousClock.now
                        #expect(try await eventually { try await second.version() == version })
                        delays.append(ContinuousClock.now - start)
                        #expect(second.upstream.policy.policy == policy)
                        #expect(try await second.health().policyVersion == version)
                    }
                    // A machine that is busy may be late, but not always.
                    #expect(try #require(delays.min()) < .seconds(1), "\(delays)")
                    let listed = try await second.call(Methods.retryPolicyList, .init())
                    #expect(listed.retryPolicies.map(\.reason) == ["better"])
                }
            }
        }
    }

    @Test(arguments: ServerStore.allCases)
    func `of callers that race one sets each version`(kind: ServerStore) async throws {
        let shared = try SharedPolicies(kind)
        try await PolicyBench.with(shared.stores[0]) { first in
            try await PolicyBench.with(shared.stores[1]) { second in
                for version in 0..<4 {
                    let refusals = try await withThrowingTaskGroup(of: RPCError?.self) { callers in
                        for caller in 0..<8 {
                            let params = PolicyBench.setting(
                                Self.policy(baseMs: caller + 1), version, "by \(caller)")
                            let bench = caller % 2 == 0 ? first : second
                            callers.addTask {
                                try await bench.refusal(Methods.retryPolicySet, params)
                            }
                        }
                        return try await callers.reduce(into: []) { $0.append($1) }
                    }
                    let conflicts = refusals.compactMap { $0 }
                    #expect(conflicts.count == 7)
                    for conflict in conflicts {
                        #expect(conflict.reason == "RETRY_POLICY_CONFLICT")
                        #expect(conflict.status == .aborted)
                        #expect(conflict.details == ["currentVersion": "\(version + 1)"])
                    }
                }
                let history = try await first.call(
                    Methods.retryPolicyHistory, .init(upstream: PolicyBench.name))
                #expect(history.revisions.map(\.version) == [4, 3, 2, 1])
                try await first.policies.follow()
                try await second.policies.follow()
                #expect(first.upstream.policy == second.upstream.policy)
                #expect(try await second.version() == 4)
            }
        }
    }

    @Test func `a call that is repeated is answered as the first one`() async throws {
        try await PolicyBench.with(InMemoryClusterStore()) { bench in
            let policy = Self.policy(baseMs: 10)
            let first = try await bench.set(policy, after: 0)
            #expect(try await bench.set(policy, after: 0) == first)
            let other = PolicyBench.setting(policy, 0, "another reason")
            #expect(
                try await bench.refusal(Methods.retryPolicySet, other)?.reason
                    == "RETRY_POLICY_CONFLICT")
        }
    }

    @Test func `every fault is named by its path in the params`() async throws {
        try await PolicyBench.with(InMemoryClusterStore()) { bench in
            let wrong = PolicyBench.policy {
                $0.attemptTimeoutMs = 40_000
                $0.backoff.baseMs = 3_000
            }
            #expect(wrong.faults.count == 3)
            let refusal = try await bench.refusal(
                Methods.retryPolicySet, PolicyBench.setting(wrong, 0))
            #expect(refusal?.reason == "INVALID_PARAMS")
            #expect(refusal?.fields.map(\.path) == wrong.faults.map { "policy.\($0.path)" })
            #expect(refusal?.fields.map(\.problem) == wrong.faults.map(\.problem))
            let simulation = RetryPolicySimulateParams(
                upstream: PolicyBench.name, policy: RetryPolicyDocument(wrong), load: .slow)
            let other = try await bench.refusal(Methods.retryPolicySimulate, simulation)
            #expect(other?.fields == refusal?.fields)

            // What one field alone may not be, the codec finds already.
            let good = try JSONValue.parse(
                PolicyBench.setting(Self.policy(baseMs: 10), 0).jsonBytes)
            func paths(_ params: JSONValue) async -> [String] {
                do {
                    _ = try await bench.call("retryPolicy.set", params)
                    return []
                } catch { return (error as? RPCError)?.fields.map(\.path) ?? [] }
            }
            for path in [
                "policy.attemptsMax", "policy.backoff.capMs", "policy.breaker.probes",
                "policy.backoff.jitter", "policy.retryable", "expectedVersion", "reason",
            ] {
                for value in [JSONValue.number("-1"), nil] {
                    let changed = good.replacing(path.split(separator: ".")[...], with: value)
                    #expect(await paths(changed) == [path])
                }
            }
            let typo = good.replacing(
                ["policy", "breaker", "slowMS"], with: .number("1000"))
            #expect(await paths(typo) == ["policy.breaker.slowMS"])
            #expect(try await bench.version() == 0)
            #expect(bench.upstream.policy == bench.upstream.defaultPolicy)
        }
    }

    @Test func `validating sets nothing`() async throws {
        try await PolicyBench.with(InMemoryClusterStore()) { bench in
            try await bench.set(Self.policy(baseMs: 10), after: 0)
            func validate(_ policy: RetryPolicy, _ version: Int) -> RetryPolicySetParams {
                PolicyBench.setting(policy, version, validateOnly: true)
            }
            let answer = try await bench.call(
                Methods.retryPolicySet, validate(Self.policy(baseMs: 20), 1))
            #expect(answer.retryPolicy.version == 1)
            #expect(answer.retryPolicy.policy.backoff.baseMs == 10)
            #expect(bench.upstream.policy.policy == Self.policy(baseMs: 10))
            let conflict = try await bench.refusal(
                Methods.retryPolicySet, validate(Self.policy(baseMs: 20), 0))
            #expect(conflict?.details == ["currentVersion": "1"])
            let fault = try await bench.refusal(
                Methods.retryPolicySet, validate(PolicyBench.policy { $0.deadlineMs = 1 }, 1))
            #expect(fault?.fields.map(\.path) == ["policy.attemptTimeoutMs"])
            #expect(try await bench.version() == 1)
        }
    }

    @Test func `a rollback is a new version with an old policy`() async throws {
        try await PolicyBench.with(InMemoryClusterStore()) { bench in
            for version in 1...2 {
                try await bench.set(Self.policy(baseMs: version), after: version - 1)
            }
            func back(to version: Int, _ expected: Int) -> RetryPolicyRollbackParams {
                RetryPolicyRollbackParams(
                    upstream: PolicyBench.name, version: version, expectedVersion: expected,
                    reason: "no better")
            }
            let first = try await bench.call(Methods.retryPolicyRollback, back(to: 1, 2))
            #expect(first.retryPolicy.version == 3 && first.retryPolicy.reason == "no better")
            #expect(bench.upstream.policy.policy == Self.policy(baseMs: 1))
            let zero = try await bench.call(Methods.retryPolicyRollback, back(to: 0, 3))
            #expect(zero.retryPolicy.version == 4 && !zero.retryPolicy.isDefault)
            #expect(bench.upstream.policy == bench.upstream.defaultPolicy)
            for (params, reason) in [
                (back(to: 5, 4), "RETRY_POLICY_VERSION_NOT_FOUND"),
                (back(to: 1, 3), "RETRY_POLICY_CONFLICT"),
            ] {
                let refusal = try await bench.refusal(Methods.retryPolicyRollback, params)
                #expect(refusal?.reason == reason)
            }
            #expect(try await bench.version() == 4)
        }
    }

    @Test func `the history comes in pages without a gap`() async throws {
        try await PolicyBench.with(InMemoryClusterStore()) { bench in
            for version in 1...5 {
                try await bench.set(
                    Self.policy(baseMs: version), after: version - 1, reason: "\(version)")
            }
            var (versions, cursor): ([Int], String?) = ([], nil)
            repeat {
                let page = try await bench.call(
                    Methods.retryPolicyHistory,
                    .init(upstream: PolicyBench.name, limit: 2, cursor: cursor))
                #expect(page.revisions.count <= 2)
                for revision in page.revisions {
                    #expect(revision.policy?.backoff.baseMs == revision.version)
                    #expect(revision.reason == "\(revision.version)")
                }
                versions += page.revisions.map(\.version)
                cursor = page.nextCursor
            } while cursor != nil
            #expect(versions == [5, 4, 3, 2, 1])
            for foreign in [
                Cursor.text(afterPolicy: 3, of: "another"),
                Cursor.text(afterRun: 3, of: PolicyBench.name), "x",
            ] {
                let refusal = try await bench.refusal(
                    Methods.retryPolicyHistory,
                    .init(upstream: PolicyBench.name, cursor: foreign))
                #expect(refusal?.reason == "CURSOR_INVALID")
            }
        }
    }

    @Test func `an upstream that is not there is not found`() async throws {
        try await PolicyBench.with(InMemoryClusterStore()) { bench in
            func reason<Params: JSONEncodable, Result: JSONDecodable>(
                _ method: MethodDescriptor<Params, Result>, _ params: Params
            ) async throws -> String? {
                try await bench.refusal(method, params)?.reason
            }
            let policy = RetryPolicyDocument(.default)
            let reasons = [
                try await reason(Methods.retryPolicyGet, .init(upstream: "x")),
                try await reason(
                    Methods.retryPolicySet,
                    .init(upstream: "x", policy: policy, expectedVersion: 0, reason: "y")),
                try await reason(Methods.retryPolicyHistory, .init(upstream: "x")),
                try await reason(
                    Methods.retryPolicyRollback,
                    .init(upstream: "x", version: 0, expectedVersion: 0, reason: "y")),
                try await reason(
                    Methods.retryPolicySimulate, .init(upstream: "x", load: .slow)),
                try await reason(Methods.upstreamStatus, .init(upstream: "x")),
            ]
            #expect(reasons == [String?](repeating: "UPSTREAM_NOT_FOUND", count: 6))
        }
    }

    /// On the real program.
    @Test func `the program answers for its upstreams and follows policies`() async throws {
        let server = try TellerProcess()
        let client = try server.client()
        let names = try await client.upstream.list().upstreams.map(\.name)
        #expect(try await client.retryPolicy.list().retryPolicies.map(\.upstream) == names)
        #expect(
            try await eventually {
                try await client.task.status(task: PolicyBoard.childName).task.progress
                    == "following"
            })
        let body = """
            {"jsonrpc":"2.0","id":1,"method":"retryPolicy.get","params":{"upstream":"nobody"}}
            """
        #expect(try server.post(body).body.contains(#""reason":"UPSTREAM_NOT_FOUND""#))
        await client.shutDown()
    }
}

extension JSONValue {
    /// The value with another member at the path, or without it.
    fileprivate func replacing(_ path: ArraySlice<Substring>, with new: JSONValue?) -> JSONValue {
        guard let key = path.first, var members else { return new ?? self }
        let rest = path.dropFirst()
        let index = members.firstIndex { $0.key == key }
        if rest.isEmpty {
            members.removeAll { $0.key == key }
            if let new { members.append(Member(String(key), new)) }
        } else if let index {
            members[index].value = members[index].value.replacing(rest, with: new)
        }
        return .object(members)
    }
}
