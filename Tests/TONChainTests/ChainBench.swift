// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import Synchronization
import TON
import TONChain
import TestSupport
import Testing
import Upstream

/// Clients of the endpoints under test, with all that their upstreams told.
final class ChainBench: Sendable {
    private final class Observer: UpstreamObserver {
        let events = Mutex<[UpstreamEvent]>([])

        func observe(_ event: UpstreamEvent) { events.withLock { $0.append(event) } }
    }

    private let connections: UpstreamClient
    private let observer = Observer()

    /// Of all attempts, in the order in which they ended.
    var attempts: [UpstreamAttempt] {
        observer.events.withLock { $0 }.compactMap {
            if case .attempted(let attempt) = $0 { attempt } else { nil }
        }
    }

    var classes: [CallClass] { attempts.map(\.callClass) }

    private init(_ connections: UpstreamClient) { self.connections = connections }

    /// Runs `body`, and closes the connections then.
    static func with(_ body: (ChainBench) async throws -> Void) async throws {
        let connections = UpstreamClient()
        do {
            try await body(ChainBench(connections))
        } catch {
            await connections.shutdown()
            throw error
        }
        await connections.shutdown()
    }

    /// - Parameters:
    ///   - attemptsMax: With next to no time between them.
    ///   - callsPerSecond: nil for what toncenter allows.
    func client(
        port: Int, name: String = "toncenter", apiKey: String? = nil,
        callsPerSecond: Int? = ToncenterSettings.callsPerSecondMax, attemptsMax: Int = 1,
        attemptTimeoutMs: Int = 10_000
    ) throws -> ToncenterClient {
        let origin = ContinuousClock.now
        let environment = UpstreamEnvironment(
            now: { ContinuousClock.now - origin },
            sleep: { try await Task.sleep(for: $0, clock: .continuous) },
            wallClock: { .seconds(1_800_000_000) }, random: { 1 << 62 })
        let settings = ToncenterSettings(
            name: name, baseURL: try BaseURL("http://127.0.0.1:\(port)/api"), apiKey: apiKey,
            callsPerSecond: callsPerSecond)
        return try ToncenterClient(settings, environment: environment) { configuration, policy in
            var changed = policy.policy
            changed.attemptsMax = attemptsMax
            changed.attemptTimeoutMs = attemptTimeoutMs
            changed.backoff.baseMs = 1
            changed.backoff.capMs = 2
            return try Upstream(
                configuration, policy: CheckedRetryPolicy(changed), client: connections,
                environment: environment, observer: observer)
        }
    }
}

/// The wallet of the tests, and its first message.
enum Wallet {
    static let rawAddress = "0:54d871e400b3055d553cc0cfa7b9876c3246c7737639d0359cac27959a6dd3c4"
    /// Exit code of V4R2 for another seqno than its own.
    static let exitCodeOfWrongSeqno = 33
    static let normalizedHash = "02ff25ccd63d715f78f8f66bb08d4cf53a9389077280176b3fb735ca8b644b9e"

    static let address: TONAddress = {
        guard let written = try? WrittenTONAddress(rawAddress, on: .mainnet) else {
            preconditionFailure(rawAddress)
        }
        return written.address
    }()

    /// Pays 0.1 TON with seqno 0, and deploys the wallet; good until 1800000060.
    static let firstMessage = """
        te6cckECGQEAA8EAAkWIAKmw48gBZgq6qnmBn09zDthkjY7m7HOgazlYTys026eIHgEXAgE0AhYBFP8A\
        9KQT9LzyyAsDAgEgBBECAUgFCALm0AHQ0wMhcbCSXwTgItdJwSCSXwTgAtMfIYIQcGx1Z70ighBkc3Ry\
        vbCSXwXgA/pAMCD6RAHIygfL/8nQ7UTQgQFA1yH0BDBcgQEI9ApvoTGzkl8H4AXTP8glghBwbHVnupI4\
        MOMNA4IQZHN0crqSXwbjDQYHAHgB+gD0BDD4J28iMFAKoSG+8uBQghBwbHVngx6xcIAYUATLBSbPFlj6\
        Ahn0AMtpF8sfUmDLPyDJgED7AAYAilAEgQEI9Fkw7UTQgQFA1yDIAc8W9ADJ7VQBcrCOI4IQZHN0coMe\
        sXCAGFAFywVQA88WI/oCE8tqyx/LP8mAQPsAkl8D4gIBIAkQAgEgCg8CAVgLDAA9sp37UTQgQFA1yH0B\
        DACyMoHy//J0AGBAQj0Cm+hMYAIBIA0OABmtznaiaEAga5Drhf/AABmvHfaiaEAQa5DrhY/AABG4yX7U\
        TQ1wsfgAWb0kK29qJoQICga5D6AhhHDUCAhHpJN9KZEM5pA+n/mDeBKAG3gQFImHFZ8xhAT48oMI1xgg\
        0x/TH9MfAvgju/Jk7UTQ0x/TH9P/9ATRUUO68qFRUbryogX5AVQQZPkQ8qP4ACSkyMsfUkDLH1Iwy/9S\
        EPQAye1U+A8B0wchwACfbFGTINdKltMH1AL7AOgw4CHAAeMAIcAC4wABwAORMOMNA6TIyx8Syx/L/xIT\
        FBUAbtIH+gDU1CL5AAXIygcVy//J0Hd0gBjIywXLAiLPFlAF+gIUy2sSzMzJc/sAyEAUgQEI9FHypwIA\
        cIEBCNcY+gDTP8hUIEeBAQj0UfKnghBub3RlcHSAGMjLBcsCUAbPFlAE+gIUy2oSyx/LP8lz+wACAGyB\
        AQjXGPoA0z8wUiSBAQj0WfKnghBkc3RycHSAGMjLBcsCUAXPFlAD+gITy2rLHxLLP8lz+wAACvQAye1U\
        AFEAAAAAKamjF6x+RvxpsNeWSIlbXR78r4ocQtEoFC8H8tm0NMjkEZtvQAGcSBxyFObtFXZ+XJAM/Uj4\
        zyZmYADnaHTe94uY/yACtX7Jr23jdT6fxct4UA+McBDygvGtoHqKlQwyjqgxjskVAimpoxdrSdI8AAAA\
        AAADGACGQgA1tV2/VmUOZ7b1k+0gSdQNEl/OdUJw+4cjBz0cZnddxqAvrwgAAAAAAAAAAAAAAAAAAAAA\
        AAB3aXRoZHJhdy00Mlj99wk=
        """
}
