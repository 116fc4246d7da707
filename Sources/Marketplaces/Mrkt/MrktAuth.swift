// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Resilience
internal import TellerProtocol
internal import Upstream

/// Exchanges `InitData` for mrkt's token, through an upstream of its own, which asks for other
/// `InitData` when that is refused.
struct MrktAuth: AuthProvider {
    private static let tokenBytesMax = 4_096
    private static let initDataMember = "data"

    private let initData: InitDataAuth
    private let upstream: Upstream
    private let scheme: MrktSettings.TokenScheme
    private let readyToken: SecretText?

    init(
        _ configuration: MarketplaceConfiguration, _ settings: MrktSettings,
        makeUpstream: (UpstreamConfiguration) throws -> Upstream
    ) throws {
        var auth = UpstreamConfiguration(
            name: "\(configuration.name)-auth", baseURL: settings.baseURL)
        initData = InitDataAuth(configuration.initData) {
            UpstreamCredentials(bodySecrets: [Self.initDataMember: $0.text])
        }
        auth.auth = initData
        auth.readRefusal = MarketAnswer.message
        upstream = try makeUpstream(auth)
        scheme = settings.tokenScheme
        readyToken = settings.token
    }

    func credentials(
        replacing refused: UpstreamCredentials?
    ) async throws -> UpstreamCredentials {
        if refused == nil, let readyToken { return credentials(readyToken.text) }
        var request = UpstreamRequest(json: JSONValue.object([]))
        request.secretMembers = [Self.initDataMember]
        return credentials(
            try await upstream.call(MrktEndpoints.auth, request) { (answer) throws(JSONError) in
                guard let token = try answer.optionalMember(of: ["token", "access_token"]) else {
                    throw answer.refused("has no token")
                }
                let text = try token.string
                guard (1...Self.tokenBytesMax).contains(text.utf8.count),
                    text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
                else { throw token.refused("is not a token") }
                return text
            })
    }

    private func credentials(_ token: String) -> UpstreamCredentials {
        let headers =
            switch scheme {
            case .bare: ["authorization": token]
            case .bearerAndCookie:
                ["authorization": "Bearer \(token)", "cookie": "access_token=\(token)"]
            }
        var credentials = UpstreamCredentials(headers: headers)
        credentials.alsoSecret = [token] + initData.secrets
        return credentials
    }
}
