// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

extension Setting {
    /// The keys of accounts at marketplaces. A marketplace is on when one of its `initData…` is set.
    static let markets: [Setting] =
        credentials(of: "mrkt") + mrkt + rules(of: "mrkt")
        + credentials(of: "portals") + portals + rules(of: "portals")
        + credentials(of: "tonnel") + tonnel + rules(of: "tonnel")

    private static let mrkt: [Setting] = [
        Setting(
            key: "markets.mrkt.url", form: "URL", standard: "https://api.tgmrkt.io/api/v1",
            help: "where mrkt is, with the version"),
        Setting(
            key: "markets.mrkt.tokenScheme", form: "bare|bearer-and-cookie", standard: "bare",
            help: "how mrkt's token is shown"),
        Setting(
            key: "markets.mrkt.token", form: "TEXT", standard: nil,
            help: "a token from elsewhere, used until mrkt refuses it", isSecret: true),
        Setting(
            key: "markets.mrkt.withdrawForm", form: "transactions|tons", standard: "transactions",
            help: "which of the two calls withdraws from mrkt"),
    ]

    private static let portals: [Setting] = [
        Setting(
            key: "markets.portals.url", form: "URL", standard: "https://portal-market.com/api",
            help: "where portals is"),
        Setting(
            key: "markets.portals.withdrawForm", form: "withdraw|payouts", standard: "withdraw",
            help: "which of the two calls withdraws from portals"),
        Setting(
            key: "markets.portals.collectionFilter", form: "ids|names", standard: "ids",
            help: "how portals takes collections in a filter"),
    ]

    private static let tonnel: [Setting] = [
        Setting(
            key: "markets.tonnel.readUrl", form: "URL",
            standard: "https://gifts2.tonnel.network/api", help: "where tonnel is read"),
        Setting(
            key: "markets.tonnel.writeUrl", form: "URL",
            standard: "https://gifts.coffin.meme/api", help: "where tonnel buys and withdraws"),
        Setting(
            key: "markets.tonnel.telegramUserId", form: "NUMBER", standard: nil,
            help: "Telegram's id of the account's user; tonnel needs it"),
        Setting(
            key: "markets.tonnel.passphrase", form: "TEXT", standard: nil,
            help: "what the site's web client makes the tokens of purchases with; tonnel needs it",
            isSecret: true),
        Setting(
            key: "markets.tonnel.depositWallet", form: "ADDRESS", standard: nil,
            help: "the wallet that deposits to tonnel are paid to, which no call tells"),
        Setting(
            key: "markets.tonnel.buyerFeeBasisPoints", form: "COUNT", standard: "1000",
            help: "what a buyer pays above the quoted price, in hundredths of a percent"),
    ]

    private static func credentials(of market: String) -> [Setting] {
        [
            Setting(
                key: "markets.\(market).initDataFile", form: "PATH", standard: nil,
                help: "initData of the account at \(market), read again when it is refused"),
            Setting(
                key: "markets.\(market).initDataCommand", form: "PROGRAM ARGUMENT…", standard: nil,
                help: "a program that prints it, run again when it is refused; without a shell"),
            Setting(
                key: "markets.\(market).initData", form: "TEXT", standard: nil,
                help: "the initData itself, best in the environment", isSecret: true),
        ]
    }

    private static func rules(of market: String) -> [Setting] {
        [
            Setting(
                key: "markets.\(market).callInterval", form: "DURATION", standard: "1s",
                help: "from one call of the account to the next, at the least"),
            Setting(
                key: "markets.\(market).settleTime", form: "DURATION", standard: "1m",
                help: "after so long an unchanged balance begins to prove that nothing was done"),
            Setting(
                key: "markets.\(market).giveUpAfter", form: "DURATION", standard: "1m",
                help: "how long an operation that could not be sent is tried"),
            Setting(
                key: "markets.\(market).senders", form: "ADDRESS[,ADDRESS…]", standard: nil,
                help: "wallets \(market) pays from; without them no withdrawal is found by itself"),
            Setting(
                key: "markets.\(market).withdrawalFeeMax", form: "NANOTONS",
                standard: "200000000",
                help: "what may be missing of a withdrawal when it arrives"),
        ]
    }
}
