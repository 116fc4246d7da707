// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import RPC
import TellerProtocol

/// One `auction.watch`: the newest step first, then every one after it, until the auction has ended.
struct AuctionWatch {
    let desk: DealDesk
    let context: RPCContext

    /// - Parameter found: the auction, already checked to be the caller's.
    func run(
        _ params: AuctionWatchParams, from found: Deal, to stream: RPCStream<AuctionEvent>
    ) async throws(RPCError) -> AuctionWatchResult {
        guard let subscription = desk.feed.subscribe(to: found.id) else {
            throw RPCError(reason: .overloaded, retryAfterMilliseconds: 1000)
        }
        let start = try Cursor.dealEvents(params.cursor, of: found.id) ?? max(0, found.version - 1)
        let result = await withTaskGroup(
            of: Void.self, returning: Result<AuctionWatchResult, RPCError>.self
        ) { group in
            group.addTask {
                // Bids through other instances, and the end by a worker, give no signal here.
                while (try? await Task.sleep(for: WithdrawalWatch.pollInterval)) != nil {
                    subscription.wake()
                }
            }
            defer { group.cancelAll() }
            do throws(RPCError) {
                return .success(try await follow(subscription, found, after: start, to: stream))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func follow(
        _ subscription: ChangeFeed<DealID>.Subscription, _ found: Deal, after start: Int64,
        to stream: RPCStream<AuctionEvent>
    ) async throws(RPCError) -> AuctionWatchResult {
        var auction = found
        var position = start
        for await _ in subscription.changes {
            var events: [DealEvent]
            repeat {
                let after = position
                events = try await context.read { () async throws(StoreError) in
                    try await desk.store.dealEvents(
                        of: found.id, after: after, limit: WithdrawalWatch.eventsMax)
                }
                if !events.isEmpty { auction = try await desk.find(.auction, found.id, context) }
                for event in events {
                    position = event.sequence
                    guard let shown = AuctionEvent(event, of: auction) else { continue }
                    try await stream.send(shown)
                }
            } while events.count == WithdrawalWatch.eventsMax
            if position >= auction.version, auction.state.isEnded {
                return AuctionWatchResult(auction: Auction(auction))
            }
        }
        throw RPCError(reason: .cancelled)
    }
}
