// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import TestSupport
import Testing

@Suite struct RetryAfterTests {
    /// 1994-11-06T08:49:37Z, the date of RFC 9110's examples.
    private static let moment = Duration.seconds(784_111_777)

    private func delay(_ field: String, _ wallClock: Duration = moment) -> Duration? {
        RetryAfter.delay(field, wallClock: wallClock)
    }

    @Test func `seconds are read, and held at a day`() {
        #expect(delay("0") == .zero)
        #expect(delay("120") == .seconds(120))
        #expect(delay(" 007\t") == .seconds(7))
        #expect(delay("86401") == RetryAfter.delayMax)
        #expect(delay(String(repeating: "9", count: 64)) == RetryAfter.delayMax)
    }

    @Test(arguments: [
        "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994", "Mon, 06 Nov 1994 08:49:37 GMT",
    ])
    func `all three forms of a date mean the same`(field: String) {
        #expect(delay(field, Self.moment - .seconds(90)) == .seconds(90))
        #expect(delay(field, Self.moment - .milliseconds(1)) == .milliseconds(1))
        #expect(delay(field, Self.moment) == .zero)
        #expect(delay(field, Self.moment + .seconds(1)) == .zero, "it has passed")
        #expect(delay(field, Self.moment - .seconds(86_401)) == RetryAfter.delayMax)
    }

    @Test func `leap days, century years and leap seconds are counted`() {
        let leapDay = Duration.seconds(951_782_400)
        #expect(delay("Tue, 29 Feb 2000 00:00:01 GMT", leapDay) == .seconds(1))
        #expect(delay("Tue Feb 29 23:59:60 2000", leapDay) == .seconds(86_400))
        #expect(delay("Wed, 01 Mar 2000 00:00:00 GMT", leapDay) == .seconds(86_400))
        #expect(delay("Mon, 29 Feb 2100 00:00:00 GMT") == nil)
        #expect(delay("Sat, 29 Feb 2025 00:00:00 GMT") == nil)
        #expect(delay("Thu, 01 Jan 1970 00:00:05 GMT", .zero) == .seconds(5))
        #expect(delay("Fri, 31 Dec 9999 23:59:59 GMT") == RetryAfter.delayMax)
        #expect(delay("Mon, 01 Jan 0001 00:00:00 GMT") == .zero)
    }

    @Test func `a year of two digits lies at most fifty years ahead`() {
        // 2026-11-25T00:00:00Z
        let now = Duration.seconds(1_795_564_800)
        #expect(delay("Wednesday, 25-Nov-26 00:00:09 GMT", now) == .seconds(9))
        #expect(delay("Saturday, 25-Nov-75 00:00:00 GMT", now) == RetryAfter.delayMax)
        #expect(delay("Friday, 25-Nov-77 00:00:00 GMT", now) == .zero)
    }

    @Test(arguments: [
        "", " ", "-1", "+1", "1.5", "1 2", "soon", "1s", "Sun", "Sun,", "Sunday",
        "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT,", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06 Nov 0000 08:49:37 GMT",
        "Xxx, 06 Nov 1994 08:49:37 GMT", "Sun, 06-Nov-94 08:49:37 GMT",
        "Sunday, 06 Nov 1994 08:49:37 GMT", "Sun Nov 6 08:49:37 1994",
        "Sun Nov  06 08:49:37 1994", "Sun Nov  6 08:49:37 1994 GMT", "２",
    ])
    func `anything else is no wish at all`(field: String) {
        #expect(delay(field) == nil)
    }

    @Test func `a long field is refused unread`() {
        #expect(delay(String(repeating: "1", count: 65)) == nil)
        #expect(delay(String(repeating: " ", count: 64) + "1") == nil)
    }

    @Test func `no bytes make it trap`() {
        var random = SeededRandom(seed: UInt64.random(in: 0 ... .max))
        print("seed", random.seed)
        let fields = ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "120"]
        for _ in 0..<5_000 {
            var bytes = Array(fields[Int.random(in: 0..<3, using: &random)].utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] =
                    UInt8.random(in: 0...127, using: &random)
            }
            let wallClock = Duration.seconds(Int64.random(in: -5...9_999_999_999, using: &random))
            if let delay = delay(String(decoding: bytes, as: UTF8.self), wallClock) {
                #expect(delay >= .zero && delay <= RetryAfter.delayMax)
            }
        }
    }
}
