// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Ledger
import Synchronization

/// When a process under test dies: at one of its writes or sends, before or after it has had its
/// effect. From then on nothing it does has any.
package final class Mortality: Sendable {
    private struct State {
        /// Until death; nil for a process that lives.
        var left: Int?
        var diesAfter = false
        var isDead = false
        var count = 0
    }

    private let state = Mutex(State())

    package init() {}

    package var isDead: Bool { state.withLock { $0.isDead } }

    /// Effects since the last `live`.
    package var count: Int { state.withLock { $0.count } }

    /// The process lives, and dies at the effect with this number from 0; nil for never.
    package func live(until number: Int?, after: Bool = false) {
        state.withLock { $0 = State(left: number, diesAfter: after) }
    }

    /// One effect.
    ///
    /// - Returns: what becomes of it.
    package func next() -> Fate {
        state.withLock { state in
            if state.isDead { return .lost }
            state.count += 1
            guard let left = state.left else { return .done }
            state.left = left - 1
            guard left == 0 else { return .done }
            state.isDead = true
            return state.diesAfter ? .doneUnheard : .lost
        }
    }

    package enum Fate: Sendable {
        case done
        /// It has its effect, and nobody hears of it any more.
        case doneUnheard
        case lost
    }

    /// What a dead process's calls come to.
    package static let death = StoreError(.unavailable, "the process is dead")
}
