// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// What came of a purchase.
package enum BuyOutcome: Hashable, Sendable {
    case bought
    /// Nothing was bought or paid; why, safe to show.
    case refused(String)
    /// Nobody knows; why, safe to show.
    case unknown(String)
}
