// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

extension Setting {
    /// The keys of auctions and presales. Shares are hundredths of a percent.
    static let deals: [Setting] = [
        Setting(
            key: "auction.commission", form: "COUNT", standard: "500",
            help: "kept of the highest bid, in hundredths of a percent"),
        Setting(
            key: "presale.commission", form: "COUNT", standard: "100",
            help: "kept of a delivered presale's price, in hundredths of a percent"),
        Setting(
            key: "presale.collateral", form: "COUNT", standard: "2000",
            help: "what the seller pledges, in hundredths of a percent of the price"),
        Setting(
            key: "presale.compensation", form: "COUNT", standard: "1000",
            help: "what of it the buyer gets when nothing is delivered; of the price, too"),
        Setting(
            key: "presale.grace", form: "DURATION", standard: "2d",
            help: "how long after its time a presale can still be delivered"),
        Setting(
            key: "sales.lifeMax", form: "DURATION", standard: "90d",
            help: "how far ahead the end of an auction or the time of a presale may be"),
        Setting(
            key: "sales.amountMax", form: "NANOTONS", standard: "1000000000000000",
            help: "the highest start bid or price"),
    ]
}
