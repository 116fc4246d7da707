// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Ledger
internal import Supervision
internal import Synchronization
internal import TellerProtocol

/// A payout whose bytes are committed with `SENT`.
struct SentPayout: Sendable {
    let withdrawal: Ledger.Withdrawal
    let payout: Payout
    /// Whether this process has handed the bytes to the gateway.
    let wasSubmitted: Bool
}

/// What dispatcher and confirmer tell each other, and are told; nothing on it is needed to recover.
final class PayoutBoard: Sendable {
    private struct State {
        var sent: [SentPayout] = []
        var evident: [WithdrawalID] = []
        var unresolved = 0
        var isFull = false
        var dispatcher: ChildContext?
        var confirmer: ChildContext?
    }

    /// Payouts waiting for the confirmer at the most; it finds the others in the store.
    private let sentMax: Int
    private let state = Mutex(State())

    init(sentMax: Int) { self.sentMax = sentMax }

    func attach(dispatcher: ChildContext) { state.withLock { $0.dispatcher = dispatcher } }

    func attach(confirmer: ChildContext) { state.withLock { $0.confirmer = confirmer } }

    /// Payouts sent and not resolved, as far as this process knows.
    var unresolved: Int { state.withLock { $0.unresolved + $0.sent.count } }

    func handOver(_ payouts: [SentPayout]) {
        let confirmer = state.withLock { state in
            state.sent.append(contentsOf: payouts.prefix(max(0, sentMax - state.sent.count)))
            return state.confirmer
        }
        confirmer?.wake()
    }

    func takeSent() -> [SentPayout] {
        state.withLock { state in
            defer { state.sent = [] }
            return state.sent
        }
    }

    /// There is evidence of these withdrawals' payments. What there is no room for is found by the
    /// confirmer's own looks.
    func note(evidenceOf ids: [WithdrawalID]) {
        let confirmer = state.withLock { state in
            state.evident.append(contentsOf: ids.prefix(max(0, sentMax - state.evident.count)))
            return state.confirmer
        }
        confirmer?.wake()
    }

    func takeEvident() -> [WithdrawalID] {
        state.withLock { state in
            defer { state.evident = [] }
            return state.evident
        }
    }

    /// Notes how many the confirmer holds; when it is fewer, there may be room for new ones.
    func note(unresolved: Int) {
        let dispatcher = state.withLock { state in
            defer { state.unresolved = unresolved }
            return unresolved < state.unresolved ? state.dispatcher : nil
        }
        dispatcher?.wake()
    }

    /// Notes whether there is room for new payouts; `report` is called when it has just run out.
    func note(isFull: Bool, report: () -> Void) {
        let wasFull = state.withLock { state in
            defer { state.isFull = isFull }
            return state.isFull
        }
        if isFull, !wasFull { report() }
    }
}
