// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

extension String {
    /// The text, or as much of its beginning as fits, an ellipsis included.
    ///
    /// - Parameter bytesMax: Of UTF-8; at least the 3 of the ellipsis.
    func cut(bytesMax: Int) -> String {
        guard utf8.count > bytesMax else { return self }
        let mark = "…"
        var end = utf8.index(startIndex, offsetBy: bytesMax - mark.utf8.count)
        while utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
        return self[..<end] + mark
    }
}
