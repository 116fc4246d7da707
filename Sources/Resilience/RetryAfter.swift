// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Reads the header field `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date in any of
/// the three forms of section 5.6.7.
package enum RetryAfter {
    /// A longer field is refused unread.
    package static let textBytesMax = 64
    /// No longer delay comes out, whatever the field says.
    package static let delayMax = Duration.seconds(86_400)

    /// How long the upstream wishes not to be asked.
    ///
    /// - Parameter wallClock: The time since 1970-01-01T00:00:00Z, for fields that name a date.
    /// - Returns: From 0 to `delayMax`; nil for a field that is neither form. A date that has
    ///   passed is 0.
    package static func delay(_ field: some StringProtocol, wallClock: Duration) -> Duration? {
        guard field.utf8.count <= textBytesMax else { return nil }
        let isSpace = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        let text = field.utf8.drop(while: isSpace)
        let bytes = Array(text.reversed().drop(while: isSpace).reversed())
        guard let first = bytes.first else { return nil }
        if HTTPDate.digit(first) != nil { return seconds(bytes) }
        guard let date = HTTPDate(bytes, wallClock: wallClock) else { return nil }
        return min(max(.zero, date.sinceEpoch - wallClock), delayMax)
    }

    private static func seconds(_ bytes: [UInt8]) -> Duration? {
        let max = delayMax.components.seconds
        var seconds: Int64 = 0
        for byte in bytes {
            guard let digit = HTTPDate.digit(byte) else { return nil }
            // Held at the bound, so that no number of digits overflows.
            seconds = min(seconds * 10 + digit, max)
        }
        return .seconds(seconds)
    }
}

/// A date of RFC 9110 section 5.6.7. A weekday must be one, but need not fit the date: what a
/// sender got wrong there changes nothing of what it meant.
private struct HTTPDate {
    /// Since 1970-01-01T00:00:00Z.
    let sinceEpoch: Duration

    private static let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].map {
        Array($0.utf8)
    }
    private static let longDays = [
        "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
    ].map { Array($0.utf8) }
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ].map { Array($0.utf8) }

    static func digit(_ byte: UInt8) -> Int64? {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? Int64(byte) - 48 : nil
    }

    init?(_ bytes: [UInt8], wallClock: Duration) {
        var text = Cursor(rest: bytes[...])
        if text.skip(oneOf: Self.longDays) != nil {
            self.init(rfc850: &text, wallClock: wallClock)
        } else if text.skip(oneOf: Self.days) != nil {
            if text.skip(", ") {
                self.init(fixed: &text)
            } else {
                self.init(asctime: &text)
            }
        } else {
            return nil
        }
        guard text.rest.isEmpty else { return nil }
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`, from the day on.
    private init?(fixed text: inout Cursor) {
        guard let day = text.number(2), text.skip(" "),
            let month = text.skip(oneOf: Self.months), text.skip(" "),
            let year = text.number(4), text.skip(" "),
            let time = text.time(), text.skip(" GMT")
        else { return nil }
        self.init(year: year, month: month, day: day, time: time)
    }

    /// `Sunday, 06-Nov-94 08:49:37 GMT`, from the comma on.
    private init?(rfc850 text: inout Cursor, wallClock: Duration) {
        guard text.skip(", "), let day = text.number(2), text.skip("-"),
            let month = text.skip(oneOf: Self.months), text.skip("-"),
            let year = text.number(2), text.skip(" "),
            let time = text.time(), text.skip(" GMT")
        else { return nil }
        // "appears to be more than 50 years in the future" means the past: RFC 9110 5.6.7.
        let thisYear = 1970 + wallClock.components.seconds / 31_556_952
        var full = thisYear - thisYear % 100 + year
        if full > thisYear + 50 { full -= 100 }
        self.init(year: full, month: month, day: day, time: time)
    }

    /// `Sun Nov  6 08:49:37 1994`, from the first space on.
    private init?(asctime text: inout Cursor) {
        guard text.skip(" "), let month = text.skip(oneOf: Self.months), text.skip(" "),
            let day = text.skip(" ") ? text.number(1) : text.number(2), text.skip(" "),
            let time = text.time(), text.skip(" "), let year = text.number(4)
        else { return nil }
        self.init(year: year, month: month, day: day, time: time)
    }

    /// - Parameters:
    ///   - month: From 0.
    ///   - time: Seconds of the day.
    private init?(year: Int64, month: Int, day: Int64, time: Int64) {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (1...lengths[month]).contains(day), year >= 1 else { return nil }
        let before = year - 1
        let leaps = before / 4 - before / 100 + before / 400
        let dayOfYear = lengths[..<month].reduce(0, +) + day - 1
        // 719,162 days lie between 0001-01-01 and 1970-01-01 in the proleptic calendar.
        let days = before * 365 + leaps + dayOfYear - 719_162
        sinceEpoch = .seconds(days * 86_400 + time)
    }

    /// What is left of a text.
    private struct Cursor {
        var rest: ArraySlice<UInt8>

        mutating func skip(_ text: StaticString) -> Bool {
            skip(Array(text.description.utf8))
        }

        private mutating func skip(_ bytes: [UInt8]) -> Bool {
            guard rest.starts(with: bytes) else { return false }
            rest.removeFirst(bytes.count)
            return true
        }

        /// - Returns: Which of the words stood there.
        mutating func skip(oneOf words: [[UInt8]]) -> Int? {
            guard let index = words.firstIndex(where: { rest.starts(with: $0) }) else { return nil }
            rest.removeFirst(words[index].count)
            return index
        }

        /// Exactly so many digits.
        mutating func number(_ digitsCount: Int) -> Int64? {
            guard rest.count >= digitsCount else { return nil }
            var number: Int64 = 0
            for byte in rest.prefix(digitsCount) {
                guard let digit = HTTPDate.digit(byte) else { return nil }
                number = number * 10 + digit
            }
            rest.removeFirst(digitsCount)
            return number
        }

        /// `08:49:37` as seconds of the day; a leap second is the one after.
        mutating func time() -> Int64? {
            guard let hour = number(2), hour < 24, skip(":"), let minute = number(2), minute < 60,
                skip(":"), let second = number(2), second <= 60
            else { return nil }
            return hour * 3_600 + minute * 60 + second
        }
    }
}
