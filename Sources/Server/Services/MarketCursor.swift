// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Marketplaces
import RPC
import TellerProtocol

/// Positions in a marketplace's listings: its own cursor, and a digest of the question it belongs
/// to, so that a cursor used with another filter is refused rather than misread.
struct MarketCursor {
    /// As no other cursor of the contract begins.
    private static let kind = UInt8(ascii: "M")
    /// Bytes of the marketplace's own; in the contract's form it then has less than 4,096.
    private static let pageBytesMax = 3_000

    /// Where to go on; nil for the first page.
    let page: PageCursor?
    private let head: [UInt8]

    /// - Throws: `CURSOR_INVALID` for what is no cursor of this question.
    init(_ params: MarketListingsParams) throws(RPCError) {
        var question = params
        question.cursor = nil
        let digest = Cursor.digest(question.jsonBytes)
        head =
            [Self.kind]
            + stride(from: UInt32(24), through: 0, by: -8).map {
                UInt8(truncatingIfNeeded: digest >> $0)
            }
        guard let text = params.cursor else {
            page = nil
            return
        }
        guard let bytes = Base64URL.decode(text), bytes.starts(with: head),
            let own = String(validating: bytes[head.count...], as: UTF8.self), !own.isEmpty
        else { throw Cursor.invalid }
        page = PageCursor(own)
    }

    /// The position in the contract's form.
    ///
    /// - Throws: `MARKET_REFUSED` when the marketplace's own is too long to be passed on.
    func text(_ next: PageCursor) throws(RPCError) -> String {
        guard next.text.utf8.count <= Self.pageBytesMax else {
            throw RPCError(
                reason: .marketRefused, details: ["problem": "its cursor is too long"])
        }
        return Base64URL.encode(head + Array(next.text.utf8))
    }
}
