// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// One version of a retry policy, as the store keeps it for ever.
package struct PolicyVersion: Sendable, Equatable {
    /// Bytes of UTF-8 that `policy` may have.
    package static let policyBytesMax = 16 * 1_024
    /// Bytes of UTF-8 that each other text may have.
    package static let textBytesMax = 1_024
    /// Names read at once at the most; far more than there are upstreams.
    package static let namesMax = 1_000

    package let name: String
    /// 1, 2, 3 … for each name, without a gap.
    package let version: Int64
    /// JSON; the store doesn't look into it.
    package let policy: String
    package let author: String
    package let reason: String
    /// The time of day, since the Unix epoch, in whole milliseconds.
    package let at: Duration

    /// nil when a text is longer than it may be.
    package init?(
        name: String, version: Int64, policy: String, author: String, reason: String, at: Duration
    ) {
        guard policy.utf8.count <= Self.policyBytesMax,
            [name, author, reason].allSatisfy({ $0.utf8.count <= Self.textBytesMax })
        else { return nil }
        self.name = name
        self.version = version
        self.policy = policy
        self.author = author
        self.reason = reason
        self.at = .milliseconds(at.nanosecondsClamped / 1_000_000)
    }
}

/// Why a policy could not be set or read.
package enum PolicyStoreError: Error, Sendable, Equatable {
    /// Somebody else has set the policy meanwhile; `current` is 0 when there is none yet.
    case conflict(current: Int64)
    /// In the store's words, for logs only. A policy that was to be set may be set or not.
    case unavailable(String)
}

/// Where a cluster keeps its retry policies.
package protocol PolicyStore: Sendable {
    /// Sets a policy, on condition that the newest version is the one before `policy.version`: 0,
    /// for the first, means that there is none. One that is set again is as it was.
    func setPolicy(_ policy: PolicyVersion) async throws(PolicyStoreError)

    /// The newest version of each policy, by name; at most `PolicyVersion.namesMax`.
    func policies() async throws(PolicyStoreError) -> [PolicyVersion]

    /// The versions of a policy, newest first, of versions below `before` (nil: from the newest on).
    func policyHistory(
        of name: String, before: Int64?, limit: Int
    ) async throws(PolicyStoreError) -> [PolicyVersion]
}
