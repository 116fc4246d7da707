// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Header text that every response carries, at addresses that last.
///
/// `nonisolated(unsafe)`: the memory is written by the initialisers only, and never freed.
enum HeaderText {
    nonisolated(unsafe) static let status = unsafe lasting(":status")
    nonisolated(unsafe) static let contentLength = unsafe lasting("content-length")
    nonisolated(unsafe) private static let requestID = unsafe lasting("x-request-id")
    nonisolated(unsafe) private static let codes = unsafe (100..<600).map {
        unsafe lasting(String($0))
    }

    /// Whether every message has another value of this field.
    static func isUnique(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        guard unsafe name.count == requestID.count else { return false }
        return unsafe name.elementsEqual(requestID)
    }

    /// The text of a status code; 500 for what is none.
    static func code(_ status: Int) -> UnsafeBufferPointer<UInt8> {
        unsafe codes[(100..<600).contains(status) ? status - 100 : 400]
    }

    /// Writes a number that is not negative.
    ///
    /// - Parameter digits: Room for 20 digits.
    static func number(
        _ number: Int, into digits: UnsafeMutableBufferPointer<UInt8>
    ) -> UnsafeBufferPointer<UInt8> {
        var rest = number
        var start = digits.count
        repeat {
            start -= 1
            unsafe digits.initializeElement(at: start, to: UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        return unsafe UnsafeBufferPointer(rebasing: digits[start...])
    }

    private static func lasting(_ text: String) -> UnsafeBufferPointer<UInt8> {
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count)
        _ = unsafe buffer.initialize(from: text.utf8)
        return UnsafeBufferPointer(buffer)
    }
}
