// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// What a child is doing, as `task.status` says it; `ChildMachine` draws the ways between.
package enum ChildState: Sendable, Equatable {
    /// Its body has begun and not yet given a sign of life.
    case starting
    case running
    case waiting(WaitReason)
    /// Failed too often in a row: runs, or is retried at the longest backoff, until it is stable.
    case degraded
    /// Fails again and again, if not in a row, until it is stable.
    case flapping
    case paused
    /// Its body is asked, or made, to end.
    case stopping
    /// Not started yet, ended for good, or ended as its restart policy lets it.
    case stopped

    /// `WAITING`, without the reason.
    package var name: String {
        switch self {
        case .starting: "STARTING"
        case .running: "RUNNING"
        case .waiting: "WAITING"
        case .degraded: "DEGRADED"
        case .flapping: "FLAPPING"
        case .paused: "PAUSED"
        case .stopping: "STOPPING"
        case .stopped: "STOPPED"
        }
    }
}

/// What a child waits for.
package enum WaitReason: Sendable, Equatable, CustomStringConvertible {
    /// The pause after a failure.
    case backoff
    /// That this child runs, or has stopped so that both can start again.
    case dependency(String)
    /// That this instance gives the lease up, or dies; nil while nobody is known to hold it.
    case lease(holder: String?)
    /// Its body runs and says that it waits for this.
    case resource(AwaitedResource)

    package var description: String {
        switch self {
        case .backoff: "backoff"
        case .dependency(let name): "dependency \(name)"
        case .lease(let holder): holder.map { "lease held by \($0)" } ?? "lease"
        case .resource(.store): "store"
        case .resource(.breaker(let name)): "breaker \(name)"
        case .resource(.budget(let name)): "budget \(name)"
        case .resource(.condition(let text)): text
        }
    }
}

/// What a body can say that it waits for.
package enum AwaitedResource: Sendable, Equatable {
    case store
    /// That an upstream's circuit breaker lets calls through.
    case breaker(String)
    /// That an upstream's retry budget allows a retry.
    case budget(String)
    /// What the text says, for operators.
    case condition(String)
}

/// The way of a child from one state to another.
package struct Transition: Sendable, Equatable {
    package let from: ChildState
    package let to: ChildState
    /// What it waits for now, whatever the state is called.
    package let reason: WaitReason?
    /// The present one, or else the last; 0 before the first.
    package let attempt: Int
    /// Why the last attempt that failed did, with its causes; at most `causeChainBytesMax`.
    package let error: String?
}

/// Who has paused a child, and why.
package struct Pause: Sendable, Equatable {
    /// Bytes of UTF-8 kept of each text.
    package static let textBytesMax = 400

    package let by: String
    package let reason: String
    /// When it ends by itself, on the supervisor's steady clock; nil for never.
    package let until: Duration?

    package init(by: String, reason: String, until: Duration? = nil) {
        self.by = by.clipped(bytesMax: Self.textBytesMax)
        self.reason = reason.clipped(bytesMax: Self.textBytesMax)
        self.until = until
    }
}
