// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
internal import Upstream

/// What Telegram gives a mini-app about its user, and what the marketplaces take for credentials:
/// URL-encoded pairs `query_id`, `user`, `auth_date`, `hash`, `signature`. A secret; it describes
/// itself as one.
package struct InitData: Sendable, Equatable {
    package static let bytesMax = 4_096
    /// The pairs that make it worth something.
    private static let proofs = ["hash=", "signature="]

    let text: String

    /// - Parameter text: As it stands in the mini-app's URL, 1 to `bytesMax` visible ASCII
    ///   characters; nil for anything else.
    package init?(_ text: String) {
        guard (1...Self.bytesMax).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        self.text = text
    }

    /// The text, and the values of the pairs that prove it.
    package var secrets: [String] {
        [text]
            + text.split(separator: "&").compactMap { pair in
                Self.proofs.first { pair.hasPrefix($0) }
                    .map { String(pair.dropFirst($0.utf8.count)) }
            }
    }
}

extension InitData: CustomStringConvertible, CustomReflectable {
    package var description: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Gives an account's `InitData`: from the configuration, or from a service that renews it.
package protocol InitDataSource: Sendable {
    /// Asked before the first call, and again when a marketplace refused what was given; by one
    /// caller at a time for each upstream, within the time of the attempt that needs it.
    ///
    /// - Parameter refused: nil for the first time.
    /// - Returns: The same again when there is no other; the call then fails.
    func initData(replacing refused: InitData?) async throws -> InitData
}

/// One that is never renewed.
package struct FixedInitData: InitDataSource {
    private let initData: InitData

    package init(_ initData: InitData) { self.initData = initData }

    package func initData(replacing refused: InitData?) async throws -> InitData { initData }
}

/// Proves the right to call with `InitData` itself.
final class InitDataAuth: AuthProvider {
    private let source: any InitDataSource
    private let credentials: @Sendable (InitData) -> UpstreamCredentials
    /// What was given last.
    private let given = Mutex<InitData?>(nil)

    init(
        _ source: any InitDataSource,
        _ credentials: @escaping @Sendable (InitData) -> UpstreamCredentials
    ) {
        self.source = source
        self.credentials = credentials
    }

    /// What of the newest is to be kept quiet about.
    var secrets: [String] { given.withLock { $0 }?.secrets ?? [] }

    func credentials(
        replacing refused: UpstreamCredentials?
    ) async throws -> UpstreamCredentials {
        let last = refused == nil ? nil : given.withLock { $0 }
        let fresh = try await source.initData(replacing: last)
        given.withLock { $0 = fresh }
        var credentials = credentials(fresh)
        credentials.alsoSecret += fresh.secrets
        return credentials
    }
}
