// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// Which listings are asked for, in which order. An empty list asks for any.
package struct ListingFilter: Sendable, Equatable {
    package enum Order: Sendable, Equatable {
        case newest
        case price(isAscending: Bool)
        case number(isAscending: Bool)
        case modelRarity(isAscending: Bool)
    }

    /// Names in one list, and bytes of a name.
    package static let namesMax = 64
    package static let nameBytesMax = 128

    package var collections: [String] = []
    package var models: [String] = []
    package var symbols: [String] = []
    package var backdrops: [String] = []
    package var number: Int?
    /// Of the raw price, both inclusive.
    package var priceMin: Nanotons?
    package var priceMax: Nanotons?
    package var order = Order.newest

    package init() {}

    /// What is wrong with it; nil when nothing is.
    var problem: String? {
        for names in [collections, models, symbols, backdrops] {
            guard names.count <= Self.namesMax else { return "the filter has too many names" }
            guard names.allSatisfy({ (1...Self.nameBytesMax).contains($0.utf8.count) }) else {
                return "a name of the filter is empty or too long"
            }
        }
        if let priceMin, let priceMax, priceMax < priceMin {
            return "the filter's lowest price is above its highest"
        }
        return nil
    }
}
