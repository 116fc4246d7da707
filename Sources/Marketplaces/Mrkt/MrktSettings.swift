// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Upstream

/// What is mrkt's own. Sources differ in two ways of it, which are settings.
package struct MrktSettings: Sendable {
    /// How the token is shown.
    package enum TokenScheme: Sendable {
        /// `Authorization: <token>`.
        case bare
        /// `Authorization: Bearer <token>` and the cookie `access_token`.
        case bearerAndCookie
    }

    package enum WithdrawForm: Sendable {
        /// `transactions/withdraw {"amount","wallet"}`.
        case transactions
        /// `wallet/withdraw/tons {"nanoTONs","wallet"}`.
        case tons
    }

    /// With the version: `https://api.tgmrkt.io/api/v1`.
    package var baseURL: BaseURL
    package var tokenScheme = TokenScheme.bare
    /// One from elsewhere, used until it is refused; nil to begin with `InitData`.
    package var token: SecretText?
    package var withdrawForm = WithdrawForm.transactions

    package init(baseURL: BaseURL) { self.baseURL = baseURL }

    package init() throws(BaseURL.Fault) {
        self.init(baseURL: try BaseURL("https://api.tgmrkt.io/api/v1"))
    }
}
