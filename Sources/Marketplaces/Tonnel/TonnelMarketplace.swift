// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Resilience
package import TON
package import TellerProtocol
internal import Upstream

/// tonnel: `InitData` in the body, amounts as JSON numbers in TON, pages by number, one host to
/// read and another to buy and withdraw, and auctions.
package struct TonnelMarketplace: Marketplace {
    /// Why the settings can't be used.
    package struct Fault: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    private static let pagesMax = 100_000
    /// The names under which bodies take `InitData`.
    private static let authMember = "authData"
    private static let pageAuthMember = "user_auth"

    package let features: MarketplaceFeatures = [.auctions]
    private let settings: TonnelSettings
    private let calls: MarketCalls
    private let reads: Upstream
    private let writes: Upstream

    package var name: String { calls.name }

    init(
        _ configuration: MarketplaceConfiguration, _ settings: TonnelSettings,
        _ calls: MarketCalls, makeUpstream: (UpstreamConfiguration) throws -> Upstream
    ) throws {
        guard (0...TonnelSettings.buyerFeeBasisPointsMax).contains(settings.buyerFeeBasisPoints)
        else { throw Fault(description: "tonnel's fee is from 0 to 10000 basis points") }
        self.settings = settings
        self.calls = calls
        func make(_ suffix: String, _ baseURL: BaseURL) throws -> Upstream {
            var upstream = UpstreamConfiguration(
                name: configuration.name + suffix, baseURL: baseURL)
            upstream.auth = InitDataAuth(configuration.initData) {
                UpstreamCredentials(bodySecrets: [
                    Self.authMember: $0.text, Self.pageAuthMember: $0.text,
                ])
            }
            upstream.secrets = [settings.requestPassphrase.text]
            upstream.readStatus = TonnelEndpoints.status
            upstream.readRefusal = MarketAnswer.message
            return try makeUpstream(upstream)
        }
        reads = try make("", settings.readURL)
        writes = try make("-write", settings.writeURL)
    }

    // MARK: - Money

    package func balance() async throws(MarketplaceError) -> MarketBalance {
        try await account { (answer) throws(JSONError) in
            MarketBalance(available: try answer.member("balance").tons)
        }
    }

    package func depositTarget() async throws(MarketplaceError) -> DepositTarget {
        guard let address = settings.depositAddress else {
            throw calls.unsupported("deposits, whose wallet is not configured")
        }
        return try await account { (answer) throws(JSONError) in
            DepositTarget(address: address, comment: try answer.member("memo").identifier)
        }
    }

    package func depositProgress(
        of target: DepositTarget
    ) async throws(MarketplaceError) -> DepositProgress {
        throw calls.unsupported("deposits")
    }

    package func withdraw(
        _ amount: Nanotons, to address: TONAddress
    ) async throws(MarketplaceError) -> WithdrawReceipt {
        guard amount > .zero else { throw calls.invalid("nothing can't be withdrawn") }
        let request = request([
            ("wallet", .string(address.friendlyText(isBounceable: false))),
            ("amount", .number(DecimalText.text(amount))), ("asset", .string("TON")),
        ])
        return try await calls.sendOnce(writes, TonnelEndpoints.withdraw, request) {
            (answer) throws(JSONError) in
            try answer.expectSuccess()
            return WithdrawReceipt(.accepted)
        }.receipt
    }

    package func withdrawalStatus(
        of id: MarketWithdrawalID
    ) async throws(MarketplaceError) -> WithdrawalStatus? {
        throw calls.unsupported("withdrawals")
    }

    private func account<Value: Sendable>(
        _ read: @escaping @Sendable (AnswerValue) throws(JSONError) -> Value
    ) async throws(MarketplaceError) -> Value {
        try await calls.read(reads, TonnelEndpoints.balance, request([("ref", .string(""))])) {
            (answer) throws(JSONError) in
            try answer.expectSuccess()
            return try read(answer)
        }
    }

    // MARK: - Gifts

    package func listings(
        _ filter: ListingFilter, at cursor: PageCursor?
    ) async throws(MarketplaceError) -> Page<Listing> {
        if let problem = filter.problem { throw calls.invalid(problem) }
        let number = try page(cursor?.text)
        let fee = settings.buyerFeeBasisPoints
        let page = try await gifts(TonnelQuery(filter), page: number) { (row) throws(JSONError) in
            try Listing(tonnel: row, feeBasisPoints: fee)
        }
        return Page(items: page.items, next: page.isFull ? PageCursor("\(number + 1)") : nil)
    }

    /// Listed gifts come first, then the others; the cursor says which and where in them.
    package func ownItems(
        at cursor: PageCursor?
    ) async throws(MarketplaceError) -> Page<OwnItem> {
        let place = ListedPlace(cursor, from: "1")
        let number = try page(place.text)
        let query = TonnelQuery.own(settings.telegramUserID, isListed: place.isListed)
        let page = try await gifts(query, page: number, isOwn: true) { (row) throws(JSONError) in
            try OwnItem(tonnel: row)
        }
        let following = page.isFull ? "\(number + 1)" : nil
        return Page(items: page.items, next: place.next(following, from: "1"))
    }

    package func auctions(
        at cursor: PageCursor?
    ) async throws(MarketplaceError) -> Page<AuctionListing> {
        let number = try page(cursor?.text)
        let page = try await gifts(.auctions, page: number) { (row) throws(JSONError) in
            try AuctionListing(tonnel: row)
        }
        return Page(items: page.items, next: page.isFull ? PageCursor("\(number + 1)") : nil)
    }

    package func buy(
        _ id: MarketItemID, for price: Nanotons
    ) async throws(MarketplaceError) -> BuyOutcome {
        let timestamp = "\(calls.wallClock.components.seconds)"
        let token = TonnelRequestToken.make(
            timestamp, passphrase: settings.requestPassphrase.text, salt: calls.random())
        guard let token else { throw calls.invalid("the request's token can't be made") }
        var request = request([
            ("asset", .string("TON")), ("price", .number(DecimalText.text(price))),
            ("timestamp", .string(timestamp)), ("wtf", .string(token)),
        ])
        request.parameters = ["gift": id.text]
        return try await calls.sendOnce(writes, TonnelEndpoints.buy, request) {
            (answer) throws(JSONError) in
            try answer.expectSuccess()
            return BuyOutcome.bought
        }.outcome
    }

    // MARK: - Bodies, pages, prices

    /// A body with `InitData` in it.
    private func request(
        _ members: [(String, JSONValue?)], auth: String = authMember
    ) -> UpstreamRequest {
        var request = UpstreamRequest(json: MarketAnswer.object(members))
        request.secretMembers = [auth]
        return request
    }

    /// - Parameter isOwn: Whether it is the account that asks; what is for sale anybody may see.
    private func gifts<Item: Sendable>(
        _ query: TonnelQuery, page: Int, isOwn: Bool = false,
        _ item: @escaping @Sendable (AnswerValue) throws(JSONError) -> Item?
    ) async throws(MarketplaceError) -> (items: [Item], isFull: Bool) {
        let members = query.body(page: page)
        let request =
            isOwn
            ? request(members, auth: Self.pageAuthMember)
            : UpstreamRequest(
                json: MarketAnswer.object(members + [(Self.pageAuthMember, .string(""))]))
        return try await calls.read(reads, TonnelEndpoints.gifts, request) {
            (answer) throws(JSONError) in
            let items = try answer.list { (row) throws(JSONError) in
                // What is priced in another coin is none of ours.
                if let asset = try row.optionalMember("asset")?.string, asset != "TON" {
                    return Item?.none
                }
                return try item(row)
            }
            return (items, try answer.elements.count >= TonnelQuery.pageItemsMax)
        }
    }

    private func page(_ text: String?) throws(MarketplaceError) -> Int {
        guard let text else { return 1 }
        guard let page = Int(text), (1...Self.pagesMax).contains(page) else {
            throw calls.invalid("the cursor is none of this marketplace's")
        }
        return page
    }
}

extension AnswerValue {
    /// - Throws: when the status is not `success`.
    fileprivate func expectSuccess() throws(JSONError) {
        let status = try member("status")
        guard try status.string == "success" else { throw status.refused("is not known") }
    }
}
