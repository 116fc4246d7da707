// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import RPC
import TellerProtocol

/// One `withdraw.watch`: the current state first, then every event after it, until it is settled.
struct WithdrawalWatch {
    /// How often a watcher looks without having been woken: changes made by another instance
    /// give no signal here.
    static let pollInterval: Duration = .milliseconds(500)

    /// Events read at a time.
    static let eventsMax = 100

    let ledger: Bookkeeper
    let context: RPCContext

    /// - Parameter found: the withdrawal, already checked to be the caller's.
    func run(
        _ params: WithdrawWatchParams, from found: Ledger.Withdrawal,
        to stream: RPCStream<TellerProtocol.WithdrawalEvent>
    ) async throws(RPCError) -> WithdrawWatchResult {
        guard let subscription = ledger.feed.subscribe(to: found.id) else {
            throw RPCError(reason: .overloaded, retryAfterMilliseconds: 1000)
        }
        // Without a cursor the watch begins with where the withdrawal stands.
        let start = try Cursor.events(params.cursor, of: found.id) ?? max(0, found.version - 1)
        let result = await withTaskGroup(
            of: Void.self, returning: Result<WithdrawWatchResult, RPCError>.self
        ) { group in
            group.addTask {
                while (try? await Task.sleep(for: Self.pollInterval)) != nil {
                    subscription.wake()
                }
            }
            defer { group.cancelAll() }
            do throws(RPCError) {
                return .success(
                    try await follow(subscription, withdrawal: found, after: start, to: stream))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func follow(
        _ subscription: WithdrawalFeed.Subscription, withdrawal found: Ledger.Withdrawal,
        after start: Int64, to stream: RPCStream<TellerProtocol.WithdrawalEvent>
    ) async throws(RPCError) -> WithdrawWatchResult {
        var withdrawal = found
        var position = start
        for await _ in subscription.changes {
            var events: [Ledger.WithdrawalEvent]
            repeat {
                let after = position
                events = try await context.read { () async throws(StoreError) in
                    try await ledger.store.events(
                        of: found.id, after: after, limit: Self.eventsMax)
                }
                if !events.isEmpty { withdrawal = try await current(withdrawal) }
                for event in events {
                    try await stream.send(
                        TellerProtocol.WithdrawalEvent(
                            cursor: Cursor.text(after: event),
                            withdrawal: TellerProtocol.Withdrawal(withdrawal.shown(at: event)),
                            at: event.at, detail: event.detail))
                    position = event.sequence
                }
            } while events.count == Self.eventsMax
            if position >= withdrawal.version, WithdrawalStateMachine.isSettled(withdrawal.state) {
                return WithdrawWatchResult(withdrawal: TellerProtocol.Withdrawal(withdrawal))
            }
        }
        throw RPCError(reason: .cancelled)
    }

    private func current(_ known: Ledger.Withdrawal) async throws(RPCError) -> Ledger.Withdrawal {
        let found = try await context.read { () async throws(StoreError) in
            try await ledger.store.withdrawal(known.id)
        }
        return found ?? known
    }
}

extension Ledger.Withdrawal {
    /// The withdrawal as it stood after `event`, as far as events tell.
    fileprivate func shown(at event: Ledger.WithdrawalEvent) -> Ledger.Withdrawal {
        guard event.sequence < version else { return self }
        var shown = asFirstAnswered
        shown.state = event.state
        shown.version = event.sequence
        shown.updatedAt = event.at
        return shown
    }
}
