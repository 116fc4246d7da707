// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// How often something may happen: `burst` at once, then `perSecond`.
package struct RateLimit: Sendable {
    package var burst: Int
    package var perSecond: Int

    package init(burst: Int, perSecond: Int) {
        self.burst = burst
        self.perSecond = perSecond
    }
}

/// A token bucket over a clock given by its caller.
struct TokenBucket {
    private let limit: RateLimit
    private var level: Int
    private var refilledAt: NIODeadline

    init(_ limit: RateLimit, now: NIODeadline) {
        self.limit = limit
        level = limit.burst
        refilledAt = now
    }

    /// Takes one token; false when none is left. The clock is consulted only at the bottom.
    mutating func take(now: NIODeadline) -> Bool {
        if level <= 0 { refill(now: now) }
        level -= 1
        return level >= 0
    }

    /// Puts tokens back, as progress does for frames that by themselves achieve nothing.
    mutating func give(_ tokens: Int) {
        level = min(limit.burst, level + tokens)
    }

    private mutating func refill(now: NIODeadline) {
        let elapsed = (now - refilledAt).nanoseconds
        let tokens = elapsed / 1_000_000 * Int64(limit.perSecond) / 1000
        guard tokens > 0 else { return }
        level = min(limit.burst, Int(tokens))
        refilledAt = now
    }
}
