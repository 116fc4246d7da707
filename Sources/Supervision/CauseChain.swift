// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Bytes of UTF-8 kept of an error with its causes.
package let causeChainBytesMax = 4_096

/// The error's description and, a line each, those of the errors that caused it.
///
/// A cause is an error found in a stored property named `cause`, `underlyingError` or `underlying`,
/// as the project's error types and most others have it. Only `description` is used, which is safe
/// to show. At most 16 causes and `causeChainBytesMax` bytes are kept, in whole characters.
package func causeChain(of error: any Error) -> String {
    var text = String(describing: error)
    var current = error
    for _ in 0..<16 {
        guard text.utf8.count < causeChainBytesMax, let cause = cause(of: current) else { break }
        text += "\ncaused by: \(cause)"
        current = cause
    }
    return text.clipped(bytesMax: causeChainBytesMax)
}

private func cause(of error: any Error) -> (any Error)? {
    for child in Mirror(reflecting: error).children {
        switch child.label {
        case "cause", "underlyingError", "underlying":
            // An optional property's value casts to what is in it, or not at all.
            if let cause = child.value as? any Error { return cause }
        default: continue
        }
    }
    return nil
}

extension String {
    /// As much of the beginning as fits into `bytesMax` bytes of UTF-8, in whole characters; what
    /// was cut ends in "…".
    func clipped(bytesMax: Int) -> String {
        guard utf8.count > bytesMax else { return self }
        var room = bytesMax - "…".utf8.count
        let kept = prefix { character in
            room -= character.utf8.count
            return room >= 0
        }
        return kept + "…"
    }
}
