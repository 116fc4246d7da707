// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Something that happened to a task, for its history and for those who watch it.
package struct SupervisionEvent: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case transition(Transition)
        case run(FinishedRun)
    }

    /// Counts from 1 in each process, without gaps over all its tasks and both kinds.
    package let sequence: UInt64
    package let task: String
    /// The time of day, since the Unix epoch. A run began `FinishedRun.duration` earlier.
    package let at: Duration
    package let kind: Kind
}

/// Is told everything that happens to the tasks of a supervisor.
///
/// Calls come one after another, from a task of their own: a slow observer holds up nobody, and is
/// told how much it has missed.
package protocol SupervisionObserver: Sendable {
    /// - Parameters:
    ///   - events: In the order of `sequence`; never empty.
    ///   - dropped: How many events before the first of these were dropped, as the buffer was full.
    func observe(_ events: [SupervisionEvent], dropped: Int) async
}
