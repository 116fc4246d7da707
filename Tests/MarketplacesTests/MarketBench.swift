// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Marketplaces
import Resilience
import Synchronization
import TON
import TellerProtocol
import TestSupport
import Testing
import Upstream

/// Adapters before the stub or a scripted server, with all that their upstreams told.
final class MarketBench: Sendable {
    static let user: Int64 = 777
    static let passphrase = "pass-SECRET-phrase"
    /// Our own wallet, to which is withdrawn.
    static let wallet = address(
        "0:54d871e400b3055d553cc0cfa7b9876c3246c7737639d0359cac27959a6dd3c4")

    private final class Observer: UpstreamObserver {
        let events = Mutex<[UpstreamEvent]>([])

        func observe(_ event: UpstreamEvent) { events.withLock { $0.append(event) } }
    }

    /// Gives other `InitData` each time what it gave was refused.
    final class Renewing: InitDataSource {
        let given = Mutex(0)

        func initData(replacing refused: InitData?) async throws -> InitData {
            let number = given.withLock { given in
                if refused != nil || given == 0 { given += 1 }
                return given
            }
            return try #require(MarketBench.initData(number))
        }
    }

    let source = Renewing()
    private let connections = UpstreamClient()
    private let observer = Observer()

    var events: [UpstreamEvent] { observer.events.withLock { $0 } }

    /// Of all attempts, in the order in which they ended.
    var classes: [CallClass] {
        events.compactMap {
            if case .attempted(let attempt) = $0 { attempt.callClass } else { nil }
        }
    }

    static func initData(_ number: Int) -> InitData? {
        InitData(
            "query_id=AAHq&user=%7B%22id%22%3A\(user)%2C%22first_name%22%3A%22A%22%7D"
                + "&auth_date=1700000000&hash=SECRET\(number)hash&signature=SECRET\(number)sign")
    }

    static func address(_ text: String) -> TONAddress {
        guard let written = try? WrittenTONAddress(text, on: .mainnet) else {
            preconditionFailure(text)
        }
        return written.address
    }

    /// Runs `body`, closes the connections then, and finds no secret in anything that was told.
    static func with(_ body: (MarketBench) async throws -> Void) async throws {
        let bench = MarketBench()
        do {
            try await body(bench)
        } catch {
            await bench.connections.shutdown()
            throw error
        }
        await bench.connections.shutdown()
        for event in bench.events { expectNoSecrets(event) }
    }

    static func expectNoSecrets(
        _ value: some Any, _ location: SourceLocation = #_sourceLocation
    ) {
        var text = "\(value) \(String(reflecting: value))"
        dump(value, to: &text)
        for secret in ["SECRET", "mrkt-token"] {
            #expect(!text.contains(secret), "\(text)", sourceLocation: location)
        }
    }

    /// - Parameter root: Below which each market has its prefix: `http://127.0.0.1:8082`.
    func marketplace(
        _ market: MarketStub.Market, at port: Int, attemptsMax: Int = 3,
        attemptTimeoutMs: Int = 15_000,
        configure: (inout MarketplaceConfiguration) -> Void = { _ in }
    ) throws -> any Marketplace {
        let url = try BaseURL("http://127.0.0.1:\(port)/\(market.rawValue)")
        let own: MarketplaceConfiguration.Market =
            switch market {
            case .mrkt: .mrkt(MrktSettings(baseURL: url))
            case .portals: .portals(PortalsSettings(baseURL: url))
            case .tonnel:
                .tonnel(
                    TonnelSettings(
                        readURL: url, writeURL: url, telegramUserID: Self.user,
                        requestPassphrase: SecretText(Self.passphrase)))
            }
        var configuration = MarketplaceConfiguration(
            name: market.rawValue, market: own, initData: source)
        configuration.callInterval = .zero
        configure(&configuration)
        let origin = ContinuousClock.now
        let environment = UpstreamEnvironment(
            now: { ContinuousClock.now - origin },
            sleep: { try await Task.sleep(for: $0, clock: .continuous) },
            wallClock: { .seconds(1_700_000_000) }, random: { 0x0102_0304_0506_0708 })
        return try configuration.marketplace(environment: environment) { configuration, policy in
            var changed = policy.policy
            changed.attemptsMax = attemptsMax
            changed.attemptTimeoutMs = attemptTimeoutMs
            changed.backoff.baseMs = 1
            changed.backoff.capMs = 2
            changed.budget.floor = 1_000
            changed.breaker.callsMin = 10_000
            return try Upstream(
                configuration, policy: CheckedRetryPolicy(changed), client: connections,
                environment: environment, observer: observer)
        }
    }
}

extension MarketplaceConfiguration {
    /// Changes what is mrkt's own.
    mutating func mrkt(_ change: (inout MrktSettings) -> Void) {
        guard case .mrkt(var settings) = market else { return }
        change(&settings)
        market = .mrkt(settings)
    }

    mutating func portals(_ change: (inout PortalsSettings) -> Void) {
        guard case .portals(var settings) = market else { return }
        change(&settings)
        market = .portals(settings)
    }

    mutating func tonnel(_ change: (inout TonnelSettings) -> Void) {
        guard case .tonnel(var settings) = market else { return }
        change(&settings)
        market = .tonnel(settings)
    }
}

func nanotons(_ amount: Int64) -> Nanotons { Nanotons(amount) ?? .zero }
