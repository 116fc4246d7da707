// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import TellerProtocol
internal import Upstream

extension Gift {
    init(mrkt row: AnswerValue) throws(JSONError) {
        self.init(
            id: MarketItemID(try row.member("id").identifier),
            telegramID: try row.optionalMember("giftId")?.identifier,
            collection: try row.member("collectionName").string,
            number: try row.optionalMember("number")?.int,
            model: try row.trait("modelName", perMille: "modelRarityPerMille"),
            symbol: try row.trait("symbolName", perMille: "symbolRarityPerMille"),
            backdrop: try row.trait("backdropName", perMille: "backdropRarityPerMille"))
    }
}

extension Listing {
    /// nil for what has no price: it is not for sale.
    init?(mrkt row: AnswerValue) throws(JSONError) {
        guard let price = try row.optionalMember("salePrice")?.nanotons else { return nil }
        self.init(
            gift: try Gift(mrkt: row), price: price, rawPrice: price,
            isOnAuction: try row.optionalMember("isOnAuction")?.bool ?? false)
    }
}

extension OwnItem {
    /// - Parameter isListed: Whether it was asked for among those that are.
    init(mrkt row: AnswerValue, isListed: Bool) throws(JSONError) {
        self.init(
            gift: try Gift(mrkt: row),
            listedFor: isListed ? try row.optionalMember("salePrice")?.nanotons : nil)
    }
}
