// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import TON
internal import TellerProtocol
internal import Upstream

extension Gift {
    init(portals row: AnswerValue) throws(JSONError) {
        var traits: [String: GiftTrait] = [:]
        if let attributes = try row.optionalMember("attributes") {
            for attribute in try attributes.elements where attribute.json != .null {
                guard let type = try attribute.optionalMember("type")?.string else { continue }
                traits[type] = try attribute.trait("value", perMille: "rarity_per_mille")
            }
        }
        self.init(
            id: MarketItemID(try row.member("id").identifier),
            telegramID: try row.optionalMember("tg_id")?.identifier,
            collection: try row.member("name").string,
            number: try row.optionalMember("external_collection_number")?.int,
            model: traits["model"], symbol: traits["symbol"], backdrop: traits["backdrop"])
    }
}

extension Listing {
    /// nil for what has no price: it is not for sale.
    init?(portals row: AnswerValue) throws(JSONError) {
        guard let price = try row.optionalMember("price")?.tons else { return nil }
        self.init(
            gift: try Gift(portals: row), price: price, rawPrice: price,
            listedAt: try row.optionalMember("listed_at")?.timestamp)
    }
}

extension OwnItem {
    /// - Parameter isListed: Whether it was asked for among those that are.
    init(portals row: AnswerValue, isListed: Bool) throws(JSONError) {
        self.init(
            gift: try Gift(portals: row),
            listedFor: isListed ? try row.optionalMember("price")?.tons : nil)
    }
}

/// A deposit that was given a name.
struct PortalsDeposit: Sendable {
    let id: MarketDepositID
    /// The id, where the answer doesn't say otherwise.
    let comment: String
    /// nil where the answer leaves it to `market/config`.
    let address: WrittenTONAddress?

    init(_ answer: AnswerValue, _ network: TONNetwork) throws(JSONError) {
        // One version answers with the id alone.
        guard answer.json.string == nil else {
            id = MarketDepositID(try answer.identifier)
            comment = id.text
            address = nil
            return
        }
        id = MarketDepositID(try answer.member("id").identifier)
        comment = try answer.optionalMember("comment")?.identifier ?? id.text
        address = try answer.optionalMember(of: [
            "wallet_address", "address", "deposit_address",
        ])?.address(on: network)
    }
}

extension AnswerValue {
    private static let wordBytesMax = 64

    /// A word of theirs that is safe to show: `INSUFFICIENT_BALANCE`; `unspecified` for any other.
    var portalsWord: String {
        get throws(JSONError) {
            let text = try string
            let isWord = text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
            return isWord && (1...Self.wordBytesMax).contains(text.utf8.count)
                ? text : "unspecified"
        }
    }
}
