// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TON
package import Upstream

/// What is tonnel's own.
package struct TonnelSettings: Sendable {
    /// What a buyer pays above the raw price, in hundredths of a percent. Sources say 10 % and
    /// 6 %; the higher one never understates what a purchase costs.
    package static let buyerFeeBasisPoints = 1_000
    package static let buyerFeeBasisPointsMax = 10_000

    /// Where it is read: `https://gifts2.tonnel.network/api`, or `gifts3`.
    package var readURL: BaseURL
    /// Where it is bought and withdrawn: `https://gifts.coffin.meme/api`.
    package var writeURL: BaseURL
    /// From 0 to `buyerFeeBasisPointsMax`.
    package var buyerFeeBasisPoints = Self.buyerFeeBasisPoints
    /// Telegram's id of the account's user: by it the account's gifts are found.
    package var telegramUserID: Int64
    /// Of the site's web client: what the tokens of purchases are made with.
    package var requestPassphrase: SecretText
    /// The wallet that deposits are paid to, which no call tells; nil when there are none.
    package var depositAddress: WrittenTONAddress?

    package init(
        readURL: BaseURL, writeURL: BaseURL, telegramUserID: Int64, requestPassphrase: SecretText
    ) {
        self.readURL = readURL
        self.writeURL = writeURL
        self.telegramUserID = telegramUserID
        self.requestPassphrase = requestPassphrase
    }

    package init(telegramUserID: Int64, requestPassphrase: SecretText) throws(BaseURL.Fault) {
        self.init(
            readURL: try BaseURL("https://gifts2.tonnel.network/api"),
            writeURL: try BaseURL("https://gifts.coffin.meme/api"),
            telegramUserID: telegramUserID, requestPassphrase: requestPassphrase)
    }
}
