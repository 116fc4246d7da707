// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import TestSupport
import Testing

/// Retry policies, on every store.
@Suite struct PolicyStoreTests {
    private func policy(
        _ version: Int64, of name: String = "toncenter", by author: String = "ops",
        text: String = #"{"attempts":3}"#
    ) throws -> PolicyVersion {
        try #require(
            PolicyVersion(
                name: name, version: version, policy: text, author: author, reason: "слишком часто",
                at: .milliseconds(1_800_000_000_000 + version)))
    }

    @Test(arguments: StoreKind.allCases)
    func `a policy is set on the version before it and keeps its history`(
        kind: StoreKind
    ) async throws {
        let fixture = try kind.open()
        let (here, there) = (try fixture.cluster, try fixture.openClusterAgain())
        #expect(try await here.policies() == [])
        await #expect(throws: PolicyStoreError.conflict(current: 0)) {
            try await here.setPolicy(policy(2))
        }
        for version in 1...5 { try await here.setPolicy(policy(Int64(version))) }
        try await there.setPolicy(policy(1, of: "mrkt"))
        for version in [Int64(0), 1, 4, 5, 7] {
            await #expect(throws: PolicyStoreError.conflict(current: 5), "\(version)") {
                try await there.setPolicy(policy(version, by: "another"))
            }
        }
        // As when the answer to the first call was lost.
        try await here.setPolicy(policy(5))
        #expect(try await there.policies() == [policy(1, of: "mrkt"), policy(5)])
        let first = try await there.policyHistory(of: "toncenter", before: nil, limit: 3)
        #expect(try first == [5, 4, 3].map { try policy($0) })
        let rest = try await there.policyHistory(of: "toncenter", before: 3, limit: 3)
        #expect(try rest == [2, 1].map { try policy($0) })
        #expect(try await there.policyHistory(of: "none", before: nil, limit: 3) == [])
    }

    @Test(arguments: StoreKind.allCases)
    func `of many that set a version one does`(kind: StoreKind) async throws {
        let fixture = try kind.open()
        let stores = [try fixture.cluster, try fixture.openClusterAgain()]
        for version in Int64(1)...8 {
            let winners = await withTaskGroup(of: String?.self) { group in
                for caller in 0..<8 {
                    group.addTask {
                        do {
                            try await stores[caller % 2].setPolicy(
                                policy(version, by: "c\(caller)"))
                            return "c\(caller)"
                        } catch {
                            #expect(error as? PolicyStoreError == .conflict(current: version))
                            return nil
                        }
                    }
                }
                return await group.reduce(into: [String]()) { winners, winner in
                    if let winner { winners.append(winner) }
                }
            }
            #expect(winners.count == 1)
            #expect(try await stores[0].policies().map(\.author) == winners)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `a policy has as much room as it may take, and no more`(kind: StoreKind) async throws {
        let store = try kind.open().cluster
        let most = String(repeating: "p", count: PolicyVersion.policyBytesMax)
        try await store.setPolicy(policy(1, text: most))
        #expect(try await store.policies().map(\.policy) == [most])
        #expect(
            PolicyVersion(
                name: "n", version: 1, policy: most + "p", author: "a", reason: "r", at: .zero)
                == nil)
        #expect(
            PolicyVersion(
                name: "n", version: 1, policy: "{}", author: "a",
                reason: String(repeating: "r", count: PolicyVersion.textBytesMax + 1), at: .zero)
                == nil)
    }
}
