// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Kills a process at a boundary that a `BoundaryLink` sees, and remembers which ones passed.
package final class SuddenDeath: Sendable {
    package struct Boundary: Hashable, Sendable, CustomStringConvertible {
        package let name: String
        package let moment: BoundaryLink.Moment

        package var description: String { "\(moment.rawValue) \(name)" }
    }

    private struct State {
        var victim: pid_t?
        var aim: Boundary?
        var passed: [Boundary] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// The process dies when it next comes to `boundary`; once.
    package func aim(at boundary: Boundary, of victim: pid_t) {
        state.withLock { ($0.victim, $0.aim) = (victim, boundary) }
    }

    /// Nobody dies any more.
    ///
    /// - Returns: whether the last one that was to die has died.
    package func disarm() -> Bool {
        state.withLock { state in
            defer { state.aim = nil }
            return state.aim == nil
        }
    }

    /// What passed since the last call of this.
    package func takePassed() -> [Boundary] {
        state.withLock { state in
            defer { state.passed = [] }
            return state.passed
        }
    }

    /// To be told by links.
    package var watch: BoundaryLink.Watch {
        { [self] name, moment in
            let boundary = Boundary(name: name, moment: moment)
            return state.withLock { state in
                state.passed.append(boundary)
                guard state.aim == boundary, let victim = state.victim else { return false }
                state.aim = nil
                return kill(victim, SIGKILL) == 0
            }
        }
    }
}
