// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import MarketKeeping
import Marketplaces
import TON
import TellerProtocol
import Upstream

/// An account at a marketplace: the keys `markets.<name>.…`.
struct MarketSettings: Sendable {
    enum Name: String, CaseIterable { case mrkt, portals, tonnel }
    enum TokenScheme: String, CaseIterable { case bare, bearerAndCookie = "bearer-and-cookie" }
    enum MrktForm: String, CaseIterable { case transactions, tons }
    enum PortalsForm: String, CaseIterable { case withdraw, payouts }
    enum CollectionFilter: String, CaseIterable { case ids, names }

    static let sendersMax = 64
    /// Of `initData`; it has two pairs that prove it.
    static let proofsMax = 8
    static let callIntervalMax = Duration.seconds(60)

    let name: Name
    let market: MarketplaceConfiguration.Market
    let initData: SecretSource
    /// From one call of the account to the next, at the least.
    let callInterval: Duration
    let network: TONNetwork
    let keeping: MarketKeeperConfiguration

    /// What may be in no line of the log.
    let secrets: [String]

    /// The marketplaces that are on, in the order of their names.
    ///
    /// - Parameter allowInsecure: whether they may be called beyond this machine unencrypted.
    static func all(
        _ values: SettingValues, on network: TONNetwork, allowInsecure: Bool
    ) throws(ConfigurationError) -> [MarketSettings] {
        var all: [MarketSettings] = []
        for name in Name.allCases {
            let reader = Reader(
                values: values, name: name, network: network, allowInsecure: allowInsecure)
            if let settings = try reader.settings() { all.append(settings) }
        }
        return all
    }
}

/// Reads the keys of one marketplace.
private struct Reader {
    let values: SettingValues
    let name: MarketSettings.Name
    let network: TONNetwork
    let allowInsecure: Bool

    private var prefix: String { "markets.\(name.rawValue)." }

    /// nil when it is off.
    func settings() throws(ConfigurationError) -> MarketSettings? {
        guard let initData = try SecretSource(prefix + "initData", values) else {
            if let key = values.values.keys.sorted().first(where: { $0.hasPrefix(prefix) }) {
                throw .contradiction(
                    "\(key) needs one of \(prefix)initDataFile, \(prefix)initDataCommand and "
                        + "\(prefix)initData")
            }
            return nil
        }
        if case .text(let text) = initData, InitData(text) == nil {
            throw values.invalid(
                prefix + "initData",
                expected: "1 to \(InitData.bytesMax) ASCII characters without spaces")
        }
        let callInterval = try values.duration(prefix + "callInterval")
        guard callInterval <= MarketSettings.callIntervalMax else {
            throw values.invalid(prefix + "callInterval", expected: "at most 1m")
        }
        return MarketSettings(
            name: name, market: try market(), initData: initData, callInterval: callInterval,
            network: network, keeping: try keeping(), secrets: secrets(initData))
    }

    private func secrets(_ initData: SecretSource) -> [String] {
        var secrets: [String] = []
        if case .text(let text) = initData {
            secrets = (InitData(text)?.secrets ?? []).prefix(MarketSettings.proofsMax).map(\.self)
        }
        for setting in Setting.markets where setting.isSecret && setting.key.hasPrefix(prefix) {
            if let text = values.text(setting.key) { secrets.append(text) }
        }
        return secrets
    }

    private func market() throws(ConfigurationError) -> MarketplaceConfiguration.Market {
        switch name {
        case .mrkt:
            var settings = MrktSettings(baseURL: try url("url"))
            let scheme = try values.choice(
                prefix + "tokenScheme", as: MarketSettings.TokenScheme.self)
            settings.tokenScheme = scheme == .bare ? .bare : .bearerAndCookie
            settings.token = values.text(prefix + "token").map { SecretText($0) }
            let form = try values.choice(prefix + "withdrawForm", as: MarketSettings.MrktForm.self)
            settings.withdrawForm = form == .tons ? .tons : .transactions
            return .mrkt(settings)
        case .portals:
            var settings = PortalsSettings(baseURL: try url("url"))
            let form = try values.choice(
                prefix + "withdrawForm", as: MarketSettings.PortalsForm.self)
            settings.withdrawForm = form == .payouts ? .payouts : .withdraw
            let filter = try values.choice(
                prefix + "collectionFilter", as: MarketSettings.CollectionFilter.self)
            settings.collectionFilter = filter == .names ? .names : .ids
            return .portals(settings)
        case .tonnel: return .tonnel(try tonnel())
        }
    }

    private func tonnel() throws(ConfigurationError) -> TonnelSettings {
        guard let passphrase = values.text(prefix + "passphrase"), !passphrase.isEmpty,
            let user = values.text(prefix + "telegramUserId")
        else {
            throw .contradiction(
                "tonnel needs \(prefix)passphrase and \(prefix)telegramUserId")
        }
        guard let user = Int64(user), user > 0 else {
            throw values.invalid(prefix + "telegramUserId")
        }
        var settings = TonnelSettings(
            readURL: try url("readUrl"), writeURL: try url("writeUrl"), telegramUserID: user,
            requestPassphrase: SecretText(passphrase))
        settings.buyerFeeBasisPoints = try values.count(
            prefix + "buyerFeeBasisPoints", in: 0...TonnelSettings.buyerFeeBasisPointsMax)
        if let text = values.text(prefix + "depositWallet") {
            settings.depositAddress = try address(text, "depositWallet")
        }
        return settings
    }

    private func keeping() throws(ConfigurationError) -> MarketKeeperConfiguration {
        var keeping = MarketKeeperConfiguration()
        keeping.settleTime = try values.duration(prefix + "settleTime")
        keeping.giveUpAfter = try values.duration(prefix + "giveUpAfter")
        let key = prefix + "withdrawalFeeMax"
        guard let fee = values.text(key).flatMap({ Nanotons(wire: $0) }) else {
            throw values.invalid(key)
        }
        keeping.withdrawalFeeMax = fee
        for text in (values.text(prefix + "senders") ?? "").split(separator: ",") {
            let written = try address(
                String(text.drop { $0 == " " }), "senders")
            keeping.senders.append(written.address)
        }
        guard keeping.senders.count <= MarketSettings.sendersMax else {
            throw values.invalid(
                prefix + "senders", expected: "at most \(MarketSettings.sendersMax) addresses")
        }
        return keeping
    }

    private func address(
        _ text: String, _ key: String
    ) throws(ConfigurationError) -> WrittenTONAddress {
        do {
            return try WrittenTONAddress(text, on: network)
        } catch {
            throw .contradiction("\(prefix)\(key): \(error)")
        }
    }

    private func url(_ key: String) throws(ConfigurationError) -> BaseURL {
        let url: BaseURL
        do throws(BaseURL.Fault) {
            url = try BaseURL(values.text(prefix + key) ?? "")
        } catch {
            throw .contradiction("\(prefix)\(key) \(error)")
        }
        guard url.isPrivate || allowInsecure else {
            throw .contradiction(
                "\(prefix)\(key) needs https beyond loopback; allowInsecure = true says you mean "
                    + "it without")
        }
        return url
    }
}
