// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
package import Resilience
import TellerProtocol

extension PostgresStore: PolicyStore {
    package func setPolicy(_ policy: PolicyVersion) async throws(PolicyStoreError) {
        var parameters = Parameters()
        parameters.text(policy.name)
        parameters.int64(policy.version)
        parameters.text(policy.policy)
        parameters.text(policy.author)
        parameters.text(policy.reason)
        parameters.int64(policy.at.wholeMilliseconds)
        // The newest is read in any case: a call made again finds its own version there.
        let queries = [
            Query(RecordStatements.setPolicy, parameters),
            Query(
                RecordStatements.policyHistory, page(of: policy.name, before: nil, limit: 1)),
        ]
        let newest = try await call(records, queries) { results throws(StoreError) in
            try results[1].policies().first
        }
        guard newest == policy else { throw .conflict(current: newest?.version ?? 0) }
    }

    package func policies() async throws(PolicyStoreError) -> [PolicyVersion] {
        var parameters = Parameters()
        parameters.int64(Int64(PolicyVersion.namesMax))
        return try await call(readers, [Query(RecordStatements.policies, parameters)]) {
            results throws(StoreError) in try results[0].policies()
        }
    }

    package func policyHistory(
        of name: String, before: Int64?, limit: Int
    ) async throws(PolicyStoreError) -> [PolicyVersion] {
        let query = Query(
            RecordStatements.policyHistory, page(of: name, before: before, limit: limit))
        return try await call(readers, [query]) { results throws(StoreError) in
            try results[0].policies()
        }
    }

    private func page(of name: String, before: Int64?, limit: Int) -> Parameters {
        var parameters = Parameters()
        parameters.text(name)
        parameters.int64(before ?? .max)
        parameters.int64(Int64(limit))
        return parameters
    }

    private func call<Value: Sendable>(
        _ pool: ConnectionPool, _ queries: [Query],
        _ decode: @escaping @Sendable ([ResultRows]) throws(StoreError) -> Value
    ) async throws(PolicyStoreError) -> Value {
        do throws(StoreError) {
            return try await pool.run(queries, decode)
        } catch {
            throw .unavailable(error.debugDescription)
        }
    }
}

extension ResultRows {
    fileprivate func policies() throws(StoreError) -> [PolicyVersion] {
        var policies: [PolicyVersion] = []
        for row in 0..<count {
            let policy = PolicyVersion(
                name: try text(row, 0), version: try int64(row, 1), policy: try text(row, 2),
                author: try text(row, 3), reason: try text(row, 4),
                at: .milliseconds(try int64(row, 5)))
            guard let policy else { throw corrupt(2) }
            policies.append(policy)
        }
        return policies
    }
}
