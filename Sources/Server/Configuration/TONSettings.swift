// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TON
import TONChain
import TONPayments
import TellerProtocol
import Upstream

/// How the server pays on TON.
struct TONSettings: Sendable {
    enum WalletKind: String, CaseIterable {
        case v4r2
        case v5r1
        case highloadV3 = "highload-v3"
    }

    /// A toncenter server.
    struct Endpoint: Sendable {
        let url: BaseURL
        /// Sent to this server alone; nil for none.
        let apiKey: String?
    }

    let contract: WalletContract
    let key: SecretSource
    let keyPassword: String
    let endpoints: [Endpoint]
    /// nil for what toncenter allows.
    let requestsPerSecond: Int?
    let explorer: String
    let payments: PaymentsConfiguration

    init(_ values: SettingValues, on network: TONNetwork) throws(ConfigurationError) {
        contract = try Self.contract(values, on: network)
        key = try Self.key(values)
        keyPassword = values.text("ton.keyPassword") ?? ""
        endpoints = try Self.endpoints(values, on: network)
        let paced = try values.count(
            "ton.requestsPerSecond", in: 0...ToncenterSettings.callsPerSecondMax)
        requestsPerSecond = paced > 0 ? paced : nil
        explorer = values.text("ton.explorer") ?? ""
        payments = try Self.payments(values)
    }

    /// The explorer's page of a transaction; nil without an explorer.
    func explorerLink(toTransaction hash: String) -> String? {
        explorer.contains("{hash}") ? explorer.replacing("{hash}", with: hash) : nil
    }

    /// What must stand in no log line and no alert, as far as the configuration itself holds it.
    var secrets: [String] {
        var secrets = endpoints.compactMap(\.apiKey) + [keyPassword]
        if case .text(let text) = key { secrets.append(text) }
        return secrets
    }

    private static func contract(
        _ values: SettingValues, on network: TONNetwork
    ) throws(ConfigurationError) -> WalletContract {
        switch try values.choice("ton.wallet", as: WalletKind.self) {
        case .v4r2:
            return .v4r2(walletID: try id("ton.walletId", values) ?? WalletContract.defaultWalletID)
        case .v5r1:
            return try id("ton.walletId", values).map { .v5r1(walletID: $0) } ?? .v5r1(on: network)
        case .highloadV3:
            let timeout = try values.duration("ton.highloadTimeout").components.seconds
            guard (60..<1 << 22).contains(timeout) else {
                throw values.invalid("ton.highloadTimeout", expected: "1m to 48d")
            }
            return .highloadV3(
                subwalletID: try id("ton.walletId", values) ?? WalletContract.defaultSubwalletID,
                timeoutSeconds: UInt32(timeout))
        }
    }

    private static func id(
        _ key: String, _ values: SettingValues
    ) throws(ConfigurationError) -> UInt32? {
        guard let text = values.text(key) else { return nil }
        guard let id = UInt32(text) else { throw values.invalid(key) }
        return id
    }

    private static func key(_ values: SettingValues) throws(ConfigurationError) -> SecretSource {
        guard let source = try SecretSource("ton.key", values) else {
            throw .contradiction(
                "gateway.name = ton needs one of ton.keyFile, ton.keyCommand and ton.key")
        }
        return source
    }

    private static func endpoints(
        _ values: SettingValues, on network: TONNetwork
    ) throws(ConfigurationError) -> [Endpoint] {
        let standard =
            network == .mainnet
            ? "https://toncenter.com/api" : "https://testnet.toncenter.com/api"
        let urls = (values.text("ton.endpoints") ?? standard).split(separator: ",")
        guard (1...8).contains(urls.count) else { throw values.invalid("ton.endpoints") }
        let keys = try apiKeys(values, count: urls.count)
        var endpoints: [Endpoint] = []
        for (text, key) in zip(urls, keys) {
            do {
                endpoints.append(Endpoint(url: try BaseURL(String(text)), apiKey: key))
            } catch {
                throw .contradiction("ton.endpoints: \(error)")
            }
        }
        return endpoints
    }

    /// One key for each endpoint, in their order: none is shown to a server it is not for.
    private static func apiKeys(
        _ values: SettingValues, count: Int
    ) throws(ConfigurationError) -> [String?] {
        guard let text = values.text("ton.apiKey") else {
            return [String?](repeating: nil, count: count)
        }
        let keys = text.split(separator: ",", omittingEmptySubsequences: false)
        guard keys.count == count else {
            throw .contradiction(
                "ton.apiKey has \(keys.count) places for \(count) of ton.endpoints: it takes one "
                    + "for each, with commas between them, empty for none")
        }
        return keys.map { $0.isEmpty ? nil : String($0) }
    }

    private static func payments(
        _ values: SettingValues
    ) throws(ConfigurationError) -> PaymentsConfiguration {
        func amount(_ key: String) throws(ConfigurationError) -> Nanotons {
            guard let amount = values.text(key).flatMap({ Nanotons(wire: $0) }) else {
                throw values.invalid(key)
            }
            return amount
        }
        var payments = PaymentsConfiguration()
        payments.pollInterval = try values.duration("ton.pollInterval")
        let life = try values.duration("ton.messageLife").components.seconds
        guard (10...3600).contains(life) else {
            throw values.invalid("ton.messageLife", expected: "10s to 1h")
        }
        payments.messageLifeSeconds = life
        payments.clockDifferenceMax = try values.duration("ton.clockDifferenceMax")
        payments.reserve = try amount("ton.reserve")
        payments.reservePerPayment = try amount("ton.reservePerPayment")
        payments.balanceMin = try amount("ton.balanceMin")
        return payments
    }
}
