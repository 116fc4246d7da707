// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Resilience
package import TON
package import TellerProtocol
internal import Upstream

/// portals: `InitData` in a header, amounts as decimal text in TON, pages by offset.
package struct PortalsMarketplace: Marketplace {
    /// Gifts of a page.
    package static let pageItemsMax = 50

    package let features: MarketplaceFeatures
    private let settings: PortalsSettings
    private let network: TONNetwork
    private let calls: MarketCalls
    private let upstream: Upstream
    private let collections: PortalsCollections

    package var name: String { calls.name }

    init(
        _ configuration: MarketplaceConfiguration, _ settings: PortalsSettings,
        _ calls: MarketCalls, makeUpstream: (UpstreamConfiguration) throws -> Upstream
    ) throws {
        self.settings = settings
        self.calls = calls
        network = configuration.network
        features =
            settings.withdrawForm == .withdraw
            ? [.depositProgress, .withdrawalStatus] : [.depositProgress]
        var upstream = UpstreamConfiguration(name: configuration.name, baseURL: settings.baseURL)
        upstream.auth = InitDataAuth(configuration.initData) {
            UpstreamCredentials(headers: ["authorization": "tma \($0.text)"])
        }
        upstream.credentialRefusals = [401, 403]
        upstream.readStatus = PortalsEndpoints.status
        upstream.readRefusal = MarketAnswer.message
        self.upstream = try makeUpstream(upstream)
        collections = PortalsCollections(settings.collectionFilter, calls, self.upstream)
    }

    // MARK: - Money

    package func balance() async throws(MarketplaceError) -> MarketBalance {
        try await calls.read(upstream, PortalsEndpoints.balance) { (answer) throws(JSONError) in
            MarketBalance(
                available: try answer.member("balance").tons,
                frozen: try answer.optionalMember("frozen_funds")?.tons)
        }
    }

    package func depositTarget() async throws(MarketplaceError) -> DepositTarget {
        let network = network
        let deposit = try await calls.read(upstream, PortalsEndpoints.newDeposit) {
            (answer) throws(JSONError) in
            try PortalsDeposit(answer, network)
        }
        let address: WrittenTONAddress
        if let told = deposit.address {
            address = told
        } else {
            address = try await calls.read(upstream, PortalsEndpoints.market) {
                (answer) throws(JSONError) in
                try answer.member("deposit_wallet").address(on: network)
            }
        }
        return DepositTarget(address: address, comment: deposit.comment, id: deposit.id)
    }

    package func depositProgress(
        of target: DepositTarget
    ) async throws(MarketplaceError) -> DepositProgress {
        guard let id = target.id else { throw calls.invalid("the deposit has no name") }
        let row = try await status(PortalsEndpoints.deposits, of: id.text)
        guard let row, row.status == "completed" else { return .waiting }
        return .credited(row.amount)
    }

    package func withdraw(
        _ amount: Nanotons, to address: TONAddress
    ) async throws(MarketplaceError) -> WithdrawReceipt {
        guard amount > .zero else { throw calls.invalid("nothing can't be withdrawn") }
        let form = settings.withdrawForm
        let (endpoint, addressKey) =
            switch form {
            case .withdraw: (PortalsEndpoints.withdraw, "external_address")
            case .payouts: (PortalsEndpoints.payout, "wallet")
            }
        let body = JSONValue.object([
            .init("amount", .string(DecimalText.text(amount))),
            .init(addressKey, .string(address.friendlyText(isBounceable: false))),
        ])
        return try await calls.sendOnce(upstream, endpoint, UpstreamRequest(json: body)) {
            (answer) throws(JSONError) in
            switch form {
            case .withdraw:
                let id = MarketWithdrawalID(try answer.member("id").identifier)
                return WithdrawReceipt(.accepted, remoteID: id)
            case .payouts:
                let status = try answer.member("status")
                guard ["success", "completed", "pending", "processing"].contains(try status.string)
                else { throw status.refused("is not known") }
                return WithdrawReceipt(.accepted)
            }
        }.receipt
    }

    package func withdrawalStatus(
        of id: MarketWithdrawalID
    ) async throws(MarketplaceError) -> WithdrawalStatus? {
        guard features.contains(.withdrawalStatus) else { throw calls.unsupported("withdrawals") }
        guard let row = try await status(PortalsEndpoints.withdrawals, of: id.text) else {
            return nil
        }
        return switch row.status {
        case "pending", "processing": .pending
        case "completed", "success": .completed
        case _ where PortalsEndpoints.failures.contains(row.status): .failed
        default: .other(row.status)
        }
    }

    /// The row of a deposit or a withdrawal among statuses, under whichever key they come.
    private func status(
        _ endpoint: UpstreamEndpoint, of id: String
    ) async throws(MarketplaceError) -> (status: String, amount: Nanotons)? {
        let request = UpstreamRequest(query: [("ids", id)])
        return try await calls.read(upstream, endpoint, request) { (answer) throws(JSONError) in
            // One version answers with the list alone.
            let isList = answer.json.elements != nil
            let keys = ["statuses", "results", "deposits", "withdrawals"]
            guard let rows = isList ? answer : try answer.optionalMember(of: keys) else {
                throw answer.refused("has no statuses")
            }
            for row in try rows.elements where try row.member("id").identifier == id {
                let status = try row.member("status").portalsWord.lowercased()
                return (status, try row.member("amount").tons)
            }
            return nil
        }
    }

    // MARK: - Gifts

    package func listings(
        _ filter: ListingFilter, at cursor: PageCursor?
    ) async throws(MarketplaceError) -> Page<Listing> {
        if let problem = filter.problem { throw calls.invalid(problem) }
        let names = filter.collections + filter.models + filter.symbols + filter.backdrops
        guard !names.contains(where: { $0.contains(",") }) else {
            throw calls.invalid("a name of the filter has a comma, which separates names")
        }
        let offset = try Self.offset(cursor?.text, calls)
        var query = [
            ("offset", "\(offset)"), ("limit", "\(Self.pageItemsMax)"),
            ("sort_by", Self.order(filter.order)), ("status", "listed"),
            ("exclude_bundled", "true"), ("premarket_status", "without_premarket"),
        ]
        query += try await collections.query(filter.collections)
        for (key, names) in [
            ("filter_by_models", filter.models), ("filter_by_symbols", filter.symbols),
            ("filter_by_backdrops", filter.backdrops),
        ] where !names.isEmpty {
            query.append((key, names.joined(separator: ",")))
        }
        if let price = filter.priceMin { query.append(("min_price", DecimalText.text(price))) }
        if let price = filter.priceMax { query.append(("max_price", DecimalText.text(price))) }
        if let number = filter.number { query.append(("external_collection_number", "\(number)")) }
        let page = try await page(PortalsEndpoints.listings, query, "results") {
            (row) throws(JSONError) in
            try Listing(portals: row)
        }
        return Page(items: page.items, next: page.isFull ? Self.cursor(behind: offset) : nil)
    }

    /// Listed gifts come first, then the others; the cursor says which and where in them.
    package func ownItems(
        at cursor: PageCursor?
    ) async throws(MarketplaceError) -> Page<OwnItem> {
        let place = ListedPlace(cursor, from: "0")
        let offset = try Self.offset(place.text, calls)
        let query = [
            ("offset", "\(offset)"), ("limit", "\(Self.pageItemsMax)"),
            ("status", place.isListed ? "listed" : "unlisted"),
        ]
        let page = try await page(PortalsEndpoints.ownItems, query, "nfts") {
            (row) throws(JSONError) in
            try OwnItem(portals: row, isListed: place.isListed)
        }
        let following = page.isFull ? Self.cursor(behind: offset).text : nil
        return Page(items: page.items, next: place.next(following, from: "0"))
    }

    package func auctions(
        at cursor: PageCursor?
    ) async throws(MarketplaceError) -> Page<AuctionListing> {
        throw calls.unsupported("auctions")
    }

    package func buy(
        _ id: MarketItemID, for price: Nanotons
    ) async throws(MarketplaceError) -> BuyOutcome {
        let detail = JSONValue.object([
            .init("id", .string(id.text)), .init("price", .string(DecimalText.text(price))),
        ])
        let body = JSONValue.object([.init("nft_details", .array([detail]))])
        let request = UpstreamRequest(json: body)
        return try await calls.sendOnce(upstream, PortalsEndpoints.buy, request) {
            (answer) throws(JSONError) in
            let results = try answer.member("purchase_results")
            for row in try results.elements where try row.member("id").identifier == id.text {
                let status = try row.member("status")
                switch try status.string {
                case "success": return .bought
                case "failed":
                    return .refused(try row.optionalMember("reason")?.portalsWord ?? "unspecified")
                default: throw status.refused("is not known")
                }
            }
            throw results.refused("says nothing of the gift")
        }.outcome
    }

    // MARK: - Pages

    private func page<Item: Sendable>(
        _ endpoint: UpstreamEndpoint, _ query: [(String, String)], _ key: String,
        _ item: @escaping @Sendable (AnswerValue) throws(JSONError) -> Item?
    ) async throws(MarketplaceError) -> (items: [Item], isFull: Bool) {
        try await calls.read(upstream, endpoint, UpstreamRequest(query: query)) {
            (answer) throws(JSONError) in
            let rows = try answer.member(key)
            return (try rows.list(item), try rows.elements.count >= Self.pageItemsMax)
        }
    }

    private static func offset(
        _ text: String?, _ calls: MarketCalls
    ) throws(MarketplaceError) -> Int {
        guard let text else { return 0 }
        guard let offset = Int(text), (0...1_000_000).contains(offset) else {
            throw calls.invalid("the cursor is none of this marketplace's")
        }
        return offset
    }

    private static func cursor(behind offset: Int) -> PageCursor {
        PageCursor("\(offset + pageItemsMax)")
    }

    private static func order(_ order: ListingFilter.Order) -> String {
        let (key, isAscending) =
            switch order {
            case .newest: ("listed_at", false)
            case .price(let isAscending): ("price", isAscending)
            case .number(let isAscending): ("external_collection_number", isAscending)
            case .modelRarity(let isAscending): ("model_rarity", isAscending)
            }
        return "\(key) \(isAscending ? "asc" : "desc")"
    }
}
