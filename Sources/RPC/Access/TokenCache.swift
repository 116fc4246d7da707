// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Remembers for a moment whose token a digest is, so that a busy caller does not cost a look
/// into the store per call. A revoked token works no longer than the entry is fresh.
final class TokenCache: Sendable {
    enum Answer {
        case fresh(Principal)
        /// The token was good a while ago: ask the store, whatever else its address does.
        case stale
        case unknown
    }

    private struct Entry {
        let principal: Principal
        let freshUntil: Duration
    }

    private let duration: Duration
    private let entriesMax: Int
    private let entries = Mutex<[TokenDigest: Entry]>([:])

    init(_ limits: RPCLimits) {
        duration = limits.tokenCacheDuration
        entriesMax = limits.tokenCacheEntriesMax
    }

    func answer(for digest: TokenDigest, now: Duration) -> Answer {
        guard let entry = entries.withLock({ $0[digest] }) else { return .unknown }
        return now < entry.freshUntil ? .fresh(entry.principal) : .stale
    }

    var count: Int { entries.withLock { $0.count } }

    /// Keeps what the store said; nil forgets the token. A full cache starts anew.
    func keep(_ principal: Principal?, for digest: TokenDigest, now: Duration) {
        entries.withLock { entries in
            guard let principal else {
                entries[digest] = nil
                return
            }
            if entries.count >= entriesMax, entries[digest] == nil { entries.removeAll() }
            entries[digest] = Entry(principal: principal, freshUntil: now + duration)
        }
    }
}
