// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerClient
import TellerProtocol
import Testing

/// The real program with three accounts that have money, for auctions and presales.
struct SaleBench {
    static let funds: Int64 = 10_000_000_000
    static let hour: Int64 = 3_600_000

    let server: TellerProcess
    let client: TellerClient
    let alice = Sample.account("alice")
    let bob = Sample.account("bob")
    let carol = Sample.account("carol")

    /// - Parameter sharing: another instance whose store this one works on, and whose accounts.
    init(
        _ kind: ServerStore = .sqlite, settings: [String] = [], sharing: SaleBench? = nil
    ) async throws {
        server = try TellerProcess(
            kind, settings: ["gateway.name=none"] + settings, sharing: sharing?.server)
        client = try server.client { $0.deadline = .seconds(30) }
        guard sharing == nil else { return }
        for account in [alice, bob, carol] {
            _ = try await client.account.credit(
                accountId: account, amount: Sample.amount(Self.funds))
        }
    }

    /// A moment by this machine's clock.
    static func after(_ milliseconds: Int64) -> Timestamp {
        Timestamp(unixMilliseconds: Int64(Date().timeIntervalSince1970 * 1_000) + milliseconds)
    }

    /// An auction of alice's from 1,000 nanotons on, each bid 10 % higher.
    func openAuction(lasting milliseconds: Int64 = hour) async throws -> Auction {
        try await client.auction.open(
            accountId: alice, item: "gift-1", startBid: Sample.amount(1_000),
            stepBasisPoints: 1_000, endsAt: Self.after(milliseconds)
        ).auction
    }

    /// A presale of alice's.
    func openPresale(
        _ price: Int64 = 1_000_000, lasting milliseconds: Int64 = hour
    ) async throws -> Presale {
        try await client.presale.open(
            accountId: alice, item: "gift-2", price: Sample.amount(price),
            deliverBy: Self.after(milliseconds)
        ).presale
    }

    /// What the account has more or less than in the beginning, and what is held of it.
    func money(_ account: AccountID) async throws -> [Int64] {
        let account = try await client.account.get(accountId: account).account
        return [account.available.rawValue - Self.funds, account.held.rawValue]
    }

    /// What a watcher sees until the auction has ended.
    func steps(
        of auction: DealID, after cursor: String? = nil
    ) async throws -> (events: [AuctionEvent], result: Auction?) {
        let watch = client.auction.watch(
            auctionId: auction, cursor: cursor, options: CallOptions(deadline: .seconds(60)))
        var events: [AuctionEvent] = []
        for try await event in watch { events.append(event) }
        return (events, watch.result?.auction)
    }
}

/// Expects a call to be refused.
///
/// - Returns: the refusal; nil when there was none.
@discardableResult
func expectRefusal(
    _ reason: ErrorReason, sourceLocation: SourceLocation = #_sourceLocation,
    _ call: () async throws -> Void
) async -> RPCError? {
    do {
        try await call()
        Issue.record("nothing was refused", sourceLocation: sourceLocation)
    } catch TellerError.rpc(let refusal) {
        #expect(refusal.reason == reason.rawValue, sourceLocation: sourceLocation)
        return refusal
    } catch {
        Issue.record("\(error)", sourceLocation: sourceLocation)
    }
    return nil
}
