// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TON
package import TellerProtocol

/// One account at a marketplace for Telegram gifts.
///
/// * **Reading** may be done again and is, by the retry policy.
/// * **`buy` and `withdraw`** are sent at most once. They end in one of three ways: with an outcome
///   that is certain; with one that is unknown, to be reconciled and never sent again on a guess;
///   or with an error, which says that surely nothing was carried out.
/// * Calls of one account keep a distance from each other, so any of them may wait for its turn.
///
/// What reconciles an unknown purchase is `ownItems`, an unknown withdrawal `balance`,
/// `withdrawalStatus` and the chain. A replica may answer late: absence is a hint, to be seen twice.
package protocol Marketplace: Sendable {
    /// The configuration's: `mrkt`, `portals-2`.
    var name: String { get }
    /// Which of the calls it has that not every marketplace has.
    var features: MarketplaceFeatures { get }

    /// What the account has there.
    func balance() async throws(MarketplaceError) -> MarketBalance

    /// One page of what is for sale; `listings(_:limit:)` reads them all.
    ///
    /// - Parameter cursor: Of the page before, with the same filter; nil for the first page.
    func listings(
        _ filter: ListingFilter, at cursor: PageCursor?
    ) async throws(MarketplaceError) -> Page<Listing>

    /// One page of the account's gifts, listed ones and others; `ownItems()` reads them all.
    func ownItems(at cursor: PageCursor?) async throws(MarketplaceError) -> Page<OwnItem>

    /// One page of the auctions that go on, the next to end first; `auctions()` reads them all.
    ///
    /// - Throws: `.unsupported` without the feature.
    func auctions(at cursor: PageCursor?) async throws(MarketplaceError) -> Page<AuctionListing>

    /// Where to pay to top the account up. It may be asked again: a target that nobody pays to
    /// does no harm.
    func depositTarget() async throws(MarketplaceError) -> DepositTarget

    /// What became of a payment to the target, where the marketplace tells; it is asked to credit
    /// what has arrived, if it wants to be asked.
    ///
    /// - Throws: `.unsupported` without the feature: there the balance shows it.
    func depositProgress(
        of target: DepositTarget
    ) async throws(MarketplaceError) -> DepositProgress

    /// Takes money out of the account to a wallet on the chain. Sent at most once.
    ///
    /// - Parameters:
    ///   - amount: What the account is debited, above zero; the marketplace may keep a fee of it.
    ///   - address: Never bounces.
    /// - Throws: when surely nothing was carried out.
    func withdraw(
        _ amount: Nanotons, to address: TONAddress
    ) async throws(MarketplaceError) -> WithdrawReceipt

    /// What became of a withdrawal; nil when the marketplace doesn't know it.
    ///
    /// - Throws: `.unsupported` without the feature: there the balance and the chain show it.
    func withdrawalStatus(
        of id: MarketWithdrawalID
    ) async throws(MarketplaceError) -> WithdrawalStatus?

    /// Buys what is for sale. Sent at most once.
    ///
    /// - Parameter price: The listing's `rawPrice`; the marketplace refuses when it is another now.
    /// - Throws: when surely nothing was carried out.
    func buy(
        _ id: MarketItemID, for price: Nanotons
    ) async throws(MarketplaceError) -> BuyOutcome
}

/// What some marketplaces have and others don't.
package struct MarketplaceFeatures: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let depositProgress = Self(rawValue: 1)
    package static let withdrawalStatus = Self(rawValue: 2)
    package static let auctions = Self(rawValue: 4)
}

extension Marketplace {
    /// All that is for sale, page by page, each thing once.
    ///
    /// - Parameter limit: How many are given at the most.
    package func listings(_ filter: ListingFilter, limit: Int) -> PagedSequence<Listing> {
        PagedSequence(market: name, limit: limit) { (cursor) throws(MarketplaceError) in
            try await listings(filter, at: cursor)
        }
    }

    /// All gifts of the account. It ends without an error only when it has seen the last page.
    package func ownItems() -> PagedSequence<OwnItem> {
        PagedSequence(market: name) { (cursor) throws(MarketplaceError) in
            try await ownItems(at: cursor)
        }
    }

    /// All auctions that go on.
    package func auctions() -> PagedSequence<AuctionListing> {
        PagedSequence(market: name) { (cursor) throws(MarketplaceError) in
            try await auctions(at: cursor)
        }
    }
}
