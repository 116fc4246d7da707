// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// What an operator can do to a task.
package enum TaskControl: Sendable, Equatable {
    /// Stops the body and keeps it stopped; a second pause takes the first one's place.
    case pause(Pause)
    case resume
    /// Ends the body, or the waiting for the next one, or the rest after its end, and runs it anew.
    case restart(by: String)
}

/// What became of a control call.
package enum ControlResult: Sendable, Equatable {
    /// Accepted; a body gets its grace to end.
    case done
    case unknownTask
    /// Nothing has changed; the reason is safe to show.
    case notApplicable(String)
}
