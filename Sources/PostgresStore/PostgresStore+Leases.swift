// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
package import Supervision
import TellerProtocol

extension PostgresStore: LeaseKeeper {
    package func acquire(
        _ name: String, holder: String, life: Duration
    ) async throws(LeaseError) -> Lease {
        var wanted = Parameters()
        wanted.text(name)
        wanted.text(holder)
        wanted.int64(life.wholeMilliseconds)
        var asked = Parameters()
        asked.text(name)
        let queries = [
            Query(LeaseStatements.endSilentSessions), Query(LeaseStatements.acquire, wanted),
            Query(LeaseStatements.holder, asked),
        ]
        let (isGranted, lease) = try await call(queries) { results throws(StoreError) in
            // A lease is never removed, so there is one by now.
            (
                results[1].count == 1,
                Lease(
                    name: name, holder: try results[2].text(0, 0),
                    epoch: try results[2].int64(0, 1))
            )
        }
        guard isGranted else { throw .heldByOther(lease) }
        return lease
    }

    package func renew(_ lease: Lease, life: Duration) async throws(LeaseError) {
        var parameters = named(lease)
        parameters.int64(life.wholeMilliseconds)
        try await change(LeaseStatements.renew, parameters)
    }

    package func release(_ lease: Lease) async throws(LeaseError) {
        try await change(LeaseStatements.release, named(lease))
    }

    private func named(_ lease: Lease) -> Parameters {
        var parameters = Parameters()
        parameters.text(lease.name)
        parameters.text(lease.holder)
        parameters.int64(lease.epoch)
        return parameters
    }

    private func change(
        _ statement: Statement, _ parameters: Parameters
    ) async throws(LeaseError) {
        let isDone = try await call([Query(statement, parameters)]) { results throws(StoreError) in
            results[0].count == 1
        }
        guard isDone else { throw .lost }
    }

    private func call<Value: Sendable>(
        _ queries: [Query],
        _ decode: @escaping @Sendable ([ResultRows]) throws(StoreError) -> Value
    ) async throws(LeaseError) -> Value {
        do throws(StoreError) {
            return try await leases.run(queries, endsWhenCancelled: true, decode)
        } catch {
            throw .unavailable(error.debugDescription)
        }
    }
}
