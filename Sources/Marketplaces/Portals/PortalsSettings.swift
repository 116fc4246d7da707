// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Upstream

/// What is portals' own. Sources differ in two ways of it, which are settings.
package struct PortalsSettings: Sendable {
    package enum WithdrawForm: Sendable {
        /// `users/wallets/withdraw {"amount","external_address"}`, whose answer is an id.
        case withdraw
        /// `payouts {"wallet","amount"}`, whose answer is a status. Its withdrawals have no id.
        case payouts
    }

    /// How listings are narrowed to collections.
    package enum CollectionFilter: Sendable {
        /// By their ids, which are looked up by name.
        case ids
        /// By their names.
        case names
    }

    /// `https://portal-market.com/api`.
    package var baseURL: BaseURL
    package var withdrawForm = WithdrawForm.withdraw
    package var collectionFilter = CollectionFilter.ids

    package init(baseURL: BaseURL) { self.baseURL = baseURL }

    package init() throws(BaseURL.Fault) {
        self.init(baseURL: try BaseURL("https://portal-market.com/api"))
    }
}
