// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// The table of a withdrawal's transitions, and what each does to the money.
///
/// ```
///                 ┌──────────── CANCELLED
///                 │ ┌───────────────────┐ proven not executed
///                 │ ▼                   │
///  IN_REVIEW ─► PENDING ⇄ PROCESSING ─► SENT ─► CONFIRMED ─► RETURNED
///      │                      │          │ └──────────────────▲
///      └────────► FAILED ◄────┴──────────┘
/// ```
///
/// `PROCESSING` means a payment is being prepared and nothing has been signed that could leave;
/// `SENT` means signed bytes are committed and may be on the wire. Only proof leads out of `SENT`:
/// back to `PENDING`, to be signed anew, the proof that those bytes never were and never will be
/// executed.
package enum WithdrawalStateMachine {
    /// What a transition does to the account.
    package enum Posting: Equatable, Sendable {
        case none
        /// The held money has left: `held − total`.
        case capture
        /// The held money is free again: `held − total, available + total`.
        case release
        /// The payment came back: what arrived of the recipient's amount is available again, the
        /// rest and the fee are spent.
        case returned(wasHeld: Bool)
    }

    /// The posting of the step, nil when the step is not allowed.
    package static func posting(
        from: WithdrawalState, to: WithdrawalState
    ) -> Posting? {
        switch (from, to) {
        case (.inReview, .pending), (.pending, .processing), (.processing, .pending),
            (.processing, .sent), (.sent, .pending):
            Posting.none
        case (.pending, .cancelled), (.inReview, .failed), (.processing, .failed), (.sent, .failed):
            .release
        case (.sent, .confirmed):
            .capture
        case (.sent, .returned):
            .returned(wasHeld: true)
        case (.confirmed, .returned):
            .returned(wasHeld: false)
        default:
            nil
        }
    }

    /// Whether nothing further is expected to happen.
    ///
    /// A confirmed payment can still bounce, which makes it `RETURNED`; that is news, not progress.
    package static func isSettled(_ state: WithdrawalState) -> Bool {
        switch state {
        case .confirmed, .cancelled, .failed, .returned: true
        case .pending, .processing, .sent, .inReview: false
        }
    }
}
