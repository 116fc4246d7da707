// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

extension Setting {
    /// The keys of paying on TON.
    static let ton: [Setting] = [
        Setting(
            key: "ton.wallet", form: "v4r2|v5r1|highload-v3", standard: "v5r1",
            help: "the hot wallet's contract: up to 4, 255 or 254 payments in a message"),
        Setting(
            key: "ton.keyFile", form: "PATH", standard: nil,
            help: "the hot wallet's key: 24 words, or the seed in hexadecimal digits or base64"),
        Setting(
            key: "ton.keyCommand", form: "PROGRAM ARGUMENT…", standard: nil,
            help: "a program that prints the key, for vaults; run without a shell"),
        Setting(
            key: "ton.key", form: "TEXT", standard: nil,
            help: "the key itself, best in the environment", isSecret: true),
        Setting(
            key: "ton.keyPassword", form: "TEXT", standard: nil,
            help: "the password of the 24 words, if they have one", isSecret: true),
        Setting(
            key: "ton.walletId", form: "COUNT", standard: nil,
            help: "wallet id or subwallet id, where it is not the usual one"),
        Setting(
            key: "ton.highloadTimeout", form: "DURATION", standard: "1h",
            help: "how long a highload wallet remembers a query; a part of its address"),
        Setting(
            key: "ton.endpoints", form: "URL[,URL…]", standard: nil,
            help: "toncenter servers, up to /api; the public one when left out"),
        Setting(
            key: "ton.apiKey", form: "TEXT[,TEXT…]", standard: nil,
            help: "sent as X-API-Key; one for each endpoint in their order, empty for none",
            isSecret: true),
        Setting(
            key: "ton.requestsPerSecond", form: "COUNT", standard: "0",
            help: "calls to each of them; 0 for 1 without a key and 10 with one"),
        Setting(
            key: "ton.pollInterval", form: "DURATION", standard: "2s",
            help: "how often the wallet is looked at"),
        Setting(
            key: "ton.messageLife", form: "DURATION", standard: "60s",
            help: "how long a signed message can be executed (not highload)"),
        Setting(
            key: "ton.clockDifferenceMax", form: "DURATION", standard: "60s",
            help: "how far the chain's newest block may be from this machine's clock"),
        Setting(
            key: "ton.reserve", form: "NANOTONS", standard: "200000000",
            help: "stays in the wallet for fees and storage"),
        Setting(
            key: "ton.reservePerPayment", form: "NANOTONS", standard: "50000000",
            help: "must be there for each payment of a message beside its amount"),
        Setting(
            key: "ton.balanceMin", form: "NANOTONS", standard: "0",
            help: "with less in the wallet an alert is told"),
        Setting(
            key: "ton.explorer", form: "URL", standard: "https://tonviewer.com/transaction/{hash}",
            help: "where people look at a transaction; {hash} stands for its hash"),
    ]
}
