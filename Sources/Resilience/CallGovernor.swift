// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Decides which attempts are made. `UpstreamState` is the one that serves; a benchmark simulates
/// others on the same traces.
///
/// A call goes `begin`, `end`, and after a verdict of `retry` again `begin`, until it is refused
/// or has another verdict. Times are since any fixed origin of a clock that never goes back.
package protocol CallGovernor {
    associatedtype Permit: Sendable

    /// Asks for leave to make the call's next attempt.
    mutating func begin(
        _ call: inout CallProgress, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> CallAdmission<Permit>

    /// Takes back a permit, once, with what the attempt came to.
    mutating func end(
        _ call: inout CallProgress, _ permit: Permit, _ outcome: CallOutcome, at now: Duration,
        using random: inout some RandomNumberGenerator
    ) -> CallVerdict
}
