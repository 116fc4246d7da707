// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// What an account has at a marketplace.
package struct MarketBalance: Hashable, Sendable {
    package let available: Nanotons
    /// In bids and offers; nil where the marketplace doesn't tell.
    package let frozen: Nanotons?

    package init(available: Nanotons, frozen: Nanotons? = nil) {
        self.available = available
        self.frozen = frozen
    }
}
