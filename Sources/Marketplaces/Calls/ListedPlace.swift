// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// A place in an account's gifts where listed ones and others are asked for apart: first the
/// listed ones, then the others. `listed:40`, `unlisted:0`.
struct ListedPlace: Sendable {
    private static let listed = "listed:"
    private static let unlisted = "unlisted:"

    let isListed: Bool
    /// Where within them, as the marketplace names it.
    let text: String

    /// - Parameters:
    ///   - cursor: One that `next` made; nil for the beginning.
    ///   - start: What the marketplace calls the beginning.
    init(_ cursor: PageCursor?, from start: String) {
        let written = cursor?.text ?? Self.listed + start
        isListed = !written.hasPrefix(Self.unlisted)
        text = String(written.drop { $0 != ":" }.dropFirst())
    }

    /// The place behind this one.
    ///
    /// - Parameter following: Where the next page of the same kind begins; nil when there is none.
    func next(_ following: String?, from start: String) -> PageCursor? {
        if let following {
            return PageCursor((isListed ? Self.listed : Self.unlisted) + following)
        }
        return isListed ? PageCursor(Self.unlisted + start) : nil
    }
}
