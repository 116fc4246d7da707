// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Logging
import TON
import Telemetry
import TellerProtocol
import Workers

/// The configuration of a server, checked as a whole.
struct ServerConfiguration: Sendable {
    enum Environment: String, CaseIterable { case development, production }
    enum TokenRule: String, CaseIterable { case required, optional }
    enum ClientCertificateRule: String, CaseIterable { case none, optional, required }
    enum GatewayName: String, CaseIterable { case simulator, ton, none }

    enum StoreLocation: Sendable, Equatable {
        case sqlite(path: String)
        case postgres(connectionString: String)
    }

    struct ListenAddress: Sendable, Equatable {
        let host: String
        let port: Int

        var isLoopback: Bool {
            host == "localhost" || host == "::1" || host.hasPrefix("127.")
        }

        init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        /// Reads `HOST:PORT`, an IPv6 host in brackets.
        init?(_ text: Substring) {
            guard let colon = text.lastIndex(of: ":"),
                let port = UInt16(text[text.index(after: colon)...])
            else { return nil }
            var host = text[..<colon]
            if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
            guard !host.isEmpty else { return nil }
            self.init(host: String(host), port: Int(port))
        }
    }

    struct TLSFiles: Sendable {
        let certificate: String
        let key: String
        let clientAuthorities: String?
        let clientCertificates: ClientCertificateRule
    }

    struct CertificatePrincipal: Sendable, Equatable {
        let subject: String
        let tenant: TenantID
        let scopes: [String]
    }

    /// Shorter tokens could be guessed.
    static let adminTokenBytesMin = 16

    let environment: Environment
    let listen: [ListenAddress]
    let store: StoreLocation
    let threads: Int
    let shutdownGrace: Duration
    let logLevel: Logger.Level
    let logFormat: LogFormat
    /// nil for no admin port.
    let admin: ListenAddress?
    let adminToken: String?
    /// nil when nothing is recorded.
    let tracing: TracingSettings?
    let tls: TLSFiles?
    let tokens: TokenRule
    let certificatePrincipals: [CertificatePrincipal]
    let policy: WithdrawalPolicy
    let requiresKey: Bool
    let outcomeLife: Duration
    let network: TONNetwork
    let gateway: GatewayName
    let simulatorOutcome: SimulatedOutcome
    let simulatorDelay: Duration
    /// How it pays on TON; nil unless `gateway` does.
    let ton: TONSettings?
    let deals: DealSettings
    /// The marketplaces that are on.
    let markets: [MarketSettings]
    let bodyBytesMax: Int
    let connectionsMax: Int
    let streamsMax: Int
    let idleTimeout: Duration
    let connectionAgeMax: Duration
    let batchElementsMax: Int
    let inFlightMax: Int
    let inFlightPerConnectionMax: Int
    let deadline: Duration
    let deadlineMax: Duration
    let postgresReaders: Int
    let postgresWriters: Int
    let alerts: AlertSettings
}

extension ServerConfiguration {
    /// Reads and checks every key.
    init(_ values: SettingValues) throws(ConfigurationError) {
        environment = try values.choice("environment")
        listen = try Self.addresses(values)
        store = try Self.store(values)
        threads = try values.count("threads", in: 0...1024)
        shutdownGrace = try values.duration("shutdownGrace")
        guard let level = values.text("log.level").flatMap(Logger.Level.init(rawValue:)) else {
            throw values.invalid("log.level")
        }
        logLevel = level
        logFormat = try values.choice("log.format")
        admin = try Self.admin(values)
        adminToken = values.text("admin.token")
        if let adminToken, adminToken.utf8.count < Self.adminTokenBytesMin {
            throw values.invalid("admin.token")
        }
        tracing = try TracingSettings(values)
        tls = try Self.tls(values)
        certificatePrincipals = try Self.principals(values)
        policy = try Self.policy(values)
        requiresKey = try values.bool("withdraw.requireKey")
        outcomeLife = try values.duration("idempotency.outcomeLife")
        network = try values.choice("ton.network")
        gateway = try values.choice("gateway.name")
        simulatorOutcome = try values.choice("gateway.simulator.outcome")
        simulatorDelay = try values.duration("gateway.simulator.delay")
        ton = gateway == .ton ? try TONSettings(values, on: network) : nil
        deals = try DealSettings(values)
        bodyBytesMax = try values.count("http.bodyBytesMax", in: 1024...64 << 20)
        connectionsMax = try values.count("http.connectionsMax", in: 1...1_000_000)
        streamsMax = try values.count("http.streamsMax", in: 1...10_000)
        idleTimeout = try values.duration("http.idleTimeout")
        connectionAgeMax = try values.duration("http.connectionAgeMax")
        batchElementsMax = try values.count("rpc.batchElementsMax", in: 1...1000)
        inFlightMax = try values.count("rpc.inFlightMax", in: 1...1_000_000)
        inFlightPerConnectionMax = try values.count(
            "rpc.inFlightPerConnectionMax", in: 1...100_000)
        deadline = try values.duration("rpc.deadline")
        deadlineMax = try values.duration("rpc.deadlineMax")
        guard deadline <= deadlineMax else {
            throw .contradiction("rpc.deadline is longer than rpc.deadlineMax")
        }
        postgresWriters = try values.count("postgres.writers", in: 1...64)
        postgresReaders = try values.count("postgres.readers", in: 1...64)

        tokens = try values.choice("access.tokens")
        let allowInsecure = try values.bool("allowInsecure")
        alerts = try AlertSettings(values, allowInsecure: allowInsecure)
        markets = try MarketSettings.all(values, on: network, allowInsecure: allowInsecure)
        try checkExposure(allowInsecure: allowInsecure)
    }

    /// Refuses what would be open to anybody: beyond loopback both TLS and tokens must be on.
    private func checkExposure(allowInsecure: Bool) throws(ConfigurationError) {
        if environment == .production, gateway == .simulator {
            throw .contradiction(
                "environment = production refuses gateway.name = simulator: it only pretends to pay"
            )
        }
        if environment == .production, tokens == .optional, !allowInsecure {
            throw .contradiction(
                "environment = production needs access.tokens = required; "
                    + "allowInsecure = true says you mean it without")
        }
        guard !allowInsecure else { return }
        if let tracing, tracing.showsToken {
            throw .contradiction(
                "tracing.otlp.token over http beyond loopback could be read by others; "
                    + "allowInsecure = true says you mean it")
        }
        if let admin, !admin.isLoopback, tls == nil || adminToken == nil {
            throw .contradiction(
                "admin.listen = \(admin.host) beyond loopback needs tls.certificate, tls.key and "
                    + "admin.token; allowInsecure = true says you mean it without")
        }
        guard let open = listen.first(where: { !$0.isLoopback }) else { return }
        if tls == nil {
            throw .contradiction(
                "listening on \(open.host) beyond loopback needs tls.certificate and tls.key; "
                    + "allowInsecure = true says you mean it without")
        }
        if tokens == .optional {
            throw .contradiction(
                "listening on \(open.host) beyond loopback needs access.tokens = required; "
                    + "allowInsecure = true says you mean it without")
        }
    }

    private static func addresses(
        _ values: SettingValues
    ) throws(ConfigurationError) -> [ListenAddress] {
        var addresses: [ListenAddress] = []
        for text in (values.text("listen") ?? "").split(separator: ",") {
            guard let address = ListenAddress(text) else { throw values.invalid("listen") }
            addresses.append(address)
        }
        guard !addresses.isEmpty else { throw values.invalid("listen") }
        return addresses
    }

    private static func admin(
        _ values: SettingValues
    ) throws(ConfigurationError) -> ListenAddress? {
        let text = values.text("admin.listen") ?? "none"
        guard text != "none" else { return nil }
        guard let address = ListenAddress(text[...]) else { throw values.invalid("admin.listen") }
        return address
    }

    private static func store(_ values: SettingValues) throws(ConfigurationError) -> StoreLocation {
        let text = values.text("store") ?? ""
        if text.hasPrefix("sqlite:"), text.count > 7 {
            return .sqlite(path: String(text.dropFirst(7)))
        }
        // libpq takes URLs and `key=value` lists.
        if text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") || text.contains("=") {
            return .postgres(connectionString: text)
        }
        throw values.invalid("store")
    }

    private static func tls(_ values: SettingValues) throws(ConfigurationError) -> TLSFiles? {
        let rule: ClientCertificateRule = try values.choice("tls.clientCertificates")
        let authorities = values.text("tls.clientAuthorities")
        guard let certificate = values.text("tls.certificate") else {
            guard values.text("tls.key") == nil, authorities == nil, rule == .none else {
                throw .contradiction("TLS settings without tls.certificate")
            }
            return nil
        }
        guard let key = values.text("tls.key") else {
            throw .contradiction("tls.certificate needs tls.key")
        }
        guard (rule == .none) == (authorities == nil) else {
            throw .contradiction(
                "tls.clientCertificates and tls.clientAuthorities go together")
        }
        return TLSFiles(
            certificate: certificate, key: key, clientAuthorities: authorities,
            clientCertificates: rule)
    }

    private static func policy(
        _ values: SettingValues
    ) throws(ConfigurationError) -> WithdrawalPolicy {
        func amount(_ key: String) throws(ConfigurationError) -> Nanotons {
            guard let amount = values.text(key).flatMap({ Nanotons(wire: $0) }) else {
                throw values.invalid(key)
            }
            return amount
        }
        guard
            let policy = WithdrawalPolicy(
                minimum: try amount("withdraw.minimum"), maximum: try amount("withdraw.maximum"),
                fee: try amount("withdraw.fee"))
        else {
            throw .contradiction(
                "withdraw.minimum must be above 0 and at most withdraw.maximum, and the maximum "
                    + "with the fee at most \(Nanotons.max.wireText)")
        }
        return policy
    }

    /// `SUBJECT=TENANT:SCOPE+SCOPE`, entries separated by `;`. The subject may itself hold `=`.
    private static func principals(
        _ values: SettingValues
    ) throws(ConfigurationError) -> [CertificatePrincipal] {
        var principals: [CertificatePrincipal] = []
        for entry in (values.text("access.certificates") ?? "").split(separator: ";") {
            guard let equals = entry.lastIndex(of: "=") else {
                throw values.invalid("access.certificates")
            }
            let right = entry[entry.index(after: equals)...]
            guard let colon = right.firstIndex(of: ":"),
                let tenant = TenantID(String(right[..<colon]))
            else { throw values.invalid("access.certificates") }
            var scopes: [String] = []
            for name in right[right.index(after: colon)...].split(separator: "+") {
                guard ContractDocument.scopes.contains(String(name)) else {
                    throw values.invalid("access.certificates")
                }
                scopes.append(String(name))
            }
            principals.append(
                CertificatePrincipal(
                    subject: String(entry[..<equals]), tenant: tenant, scopes: scopes))
        }
        return principals
    }
}
