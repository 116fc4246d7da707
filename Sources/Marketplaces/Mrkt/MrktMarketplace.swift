// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Resilience
package import TON
package import TellerProtocol
internal import Upstream

/// mrkt: a token for `InitData`, amounts in whole nanotons, pages by cursor.
package struct MrktMarketplace: Marketplace {
    /// Gifts of a page; mrkt's own limit.
    package static let pageItemsMax = 20
    /// Deposits that are credited in one go; more wait for the next.
    private static let creditedMax = 20

    package let features: MarketplaceFeatures = [.depositProgress]
    private let settings: MrktSettings
    private let network: TONNetwork
    private let calls: MarketCalls
    private let upstream: Upstream

    package var name: String { calls.name }

    init(
        _ configuration: MarketplaceConfiguration, _ settings: MrktSettings, _ calls: MarketCalls,
        makeUpstream: (UpstreamConfiguration) throws -> Upstream
    ) throws {
        self.settings = settings
        self.calls = calls
        network = configuration.network
        var upstream = UpstreamConfiguration(name: configuration.name, baseURL: settings.baseURL)
        upstream.auth = try MrktAuth(configuration, settings, makeUpstream: makeUpstream)
        upstream.readStatus = MrktEndpoints.status
        upstream.readRefusal = MarketAnswer.message
        self.upstream = try makeUpstream(upstream)
    }

    // MARK: - Money

    package func balance() async throws(MarketplaceError) -> MarketBalance {
        try await calls.read(upstream, MrktEndpoints.balance) { (answer) throws(JSONError) in
            // One source has it a level deeper.
            let holder = try answer.optionalMember("balance") ?? answer
            return MarketBalance(available: try holder.member("hard").nanotons)
        }
    }

    package func depositTarget() async throws(MarketplaceError) -> DepositTarget {
        try await calls.read(upstream, MrktEndpoints.account) {
            [network] (answer) throws(JSONError) in
            DepositTarget(
                address: try answer.member("walletForPayment").address(on: network),
                comment: try answer.member("payerId").identifier)
        }
    }

    /// Credits the deposits of the account that wait, whatever they were paid to. What it says is
    /// a hint: the balance shows what was credited, also when an answer was lost.
    package func depositProgress(
        of target: DepositTarget
    ) async throws(MarketplaceError) -> DepositProgress {
        let waiting = try await calls.read(upstream, MrktEndpoints.deposits) {
            (answer) throws(JSONError) in
            try answer.list { (row) throws(JSONError) in
                (id: try row.member("id").identifier, value: try row.member("value").nanotons)
            }
        }
        var sum = Nanotons.zero
        for (id, value) in waiting.prefix(Self.creditedMax) {
            let body = JSONValue.object([
                .init("source", .null), .init("type", .string("hard")),
                .init("value", .number(value.wireText)),
            ])
            let request = UpstreamRequest(json: body, parameters: ["id": id])
            let sent = try await calls.sendOnce(upstream, MrktEndpoints.creditDeposit, request) {
                (_) throws(JSONError) in
            }
            // What is not known to be credited is among those that wait, or in the balance.
            if case .answered = sent { sum = sum.adding(value) ?? .max }
        }
        return sum == .zero ? .waiting : .credited(sum)
    }

    package func withdraw(
        _ amount: Nanotons, to address: TONAddress
    ) async throws(MarketplaceError) -> WithdrawReceipt {
        guard amount > .zero else { throw calls.invalid("nothing can't be withdrawn") }
        let (endpoint, amountKey) =
            switch settings.withdrawForm {
            case .transactions: (MrktEndpoints.withdraw, "amount")
            case .tons: (MrktEndpoints.withdrawTons, "nanoTONs")
            }
        let body = JSONValue.object([
            .init(amountKey, .number(amount.wireText)),
            .init("wallet", .string(address.friendlyText(isBounceable: false))),
        ])
        return try await calls.sendOnce(upstream, endpoint, UpstreamRequest(json: body)) {
            (answer) throws(JSONError) in
            let id = try answer.optionalMember(of: ["id", "transactionId"])?.identifier
            return WithdrawReceipt(.accepted, remoteID: id.map { MarketWithdrawalID($0) })
        }.receipt
    }

    package func withdrawalStatus(
        of id: MarketWithdrawalID
    ) async throws(MarketplaceError) -> WithdrawalStatus? {
        throw calls.unsupported("withdrawals")
    }

    // MARK: - Gifts

    package func listings(
        _ filter: ListingFilter, at cursor: PageCursor?
    ) async throws(MarketplaceError) -> Page<Listing> {
        if let problem = filter.problem { throw calls.invalid(problem) }
        let body = MarketAnswer.object(
            Self.members(of: filter) + [("cursor", .string(cursor?.text ?? ""))])
        return try await page(MrktEndpoints.listings, body) { (row) throws(JSONError) in
            try Listing(mrkt: row)
        }
    }

    /// Listed gifts come first, then the others; the cursor says which and where in them.
    package func ownItems(
        at cursor: PageCursor?
    ) async throws(MarketplaceError) -> Page<OwnItem> {
        let place = ListedPlace(cursor, from: "")
        let body = MarketAnswer.object([
            ("isListed", .bool(place.isListed)), ("count", .number("\(Self.pageItemsMax)")),
            ("cursor", .string(place.text)), ("ordering", .string("None")),
            ("lowToHigh", .bool(false)),
        ])
        let page = try await page(MrktEndpoints.ownItems, body) { (row) throws(JSONError) in
            try OwnItem(mrkt: row, isListed: place.isListed)
        }
        return Page(items: page.items, next: place.next(page.next?.text, from: ""))
    }

    package func auctions(
        at cursor: PageCursor?
    ) async throws(MarketplaceError) -> Page<AuctionListing> {
        throw calls.unsupported("auctions")
    }

    package func buy(
        _ id: MarketItemID, for price: Nanotons
    ) async throws(MarketplaceError) -> BuyOutcome {
        let body = JSONValue.object([
            .init("ids", .array([.string(id.text)])),
            .init("prices", .object([.init(id.text, .number(price.wireText))])),
        ])
        return try await calls.sendOnce(upstream, MrktEndpoints.buy, UpstreamRequest(json: body)) {
            (answer) throws(JSONError) in
            let rows = try answer.elements
            guard !rows.isEmpty else {
                return .refused("it was sold, has another price, or the balance is too low")
            }
            for row in rows where row.json["type"]?.string == "gift" {
                let gift = try row.member("userGift")
                if try gift.member("id").identifier == id.text, try gift.member("isMine").bool {
                    return .bought
                }
            }
            throw answer.refused("says nothing of the gift")
        }.outcome
    }

    // MARK: - Pages

    private func page<Item: PagedItem>(
        _ endpoint: UpstreamEndpoint, _ body: JSONValue,
        _ item: @escaping @Sendable (AnswerValue) throws(JSONError) -> Item?
    ) async throws(MarketplaceError) -> Page<Item> {
        try await calls.read(upstream, endpoint, UpstreamRequest(json: body)) {
            (answer) throws(JSONError) in
            let gifts = try answer.member("gifts")
            let isFull = try gifts.elements.count >= Self.pageItemsMax
            let next = try answer.optionalMember("cursor")?.string ?? ""
            return Page(
                items: try gifts.list(item),
                next: isFull && !next.isEmpty ? PageCursor(next) : nil)
        }
    }

    private static func members(of filter: ListingFilter) -> [(String, JSONValue?)] {
        let (ordering, isAscending) =
            switch filter.order {
            case .newest: ("None", false)
            case .price(let isAscending): ("Price", isAscending)
            case .number(let isAscending): ("Number", isAscending)
            case .modelRarity(let isAscending): ("ModelRarity", isAscending)
            }
        return [
            ("count", .number("\(pageItemsMax)")),
            ("collectionNames", MarketAnswer.texts(filter.collections)),
            ("modelNames", MarketAnswer.texts(filter.models)),
            ("symbolNames", MarketAnswer.texts(filter.symbols)),
            ("backdropNames", MarketAnswer.texts(filter.backdrops)),
            ("number", filter.number.map { .number("\($0)") }),
            ("minPrice", filter.priceMin.map { .number($0.wireText) }),
            ("maxPrice", filter.priceMax.map { .number($0.wireText) }),
            ("ordering", .string(ordering)), ("lowToHigh", .bool(isAscending)),
        ]
    }
}
