// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TestSupport
import Testing

@Suite struct RecentValuesTests {
    @Test func `what came first goes first, and values are replaced in their place`() {
        var recent = RecentValues<Int, String>(capacity: 3)
        for key in 1...3 { recent[key] = "a\(key)" }
        recent[1] = "b1"
        #expect((1...3).map { recent[$0] } == ["b1", "a2", "a3"])
        recent[4] = "a4"
        #expect((1...4).map { recent[$0] } == [nil, "a2", "a3", "a4"])
        recent[1] = "c1"
        #expect((1...4).map { recent[$0] } == ["c1", nil, "a3", "a4"])
    }

    @Test func `what was removed is gone, and comes back as new`() {
        var recent = RecentValues<Int, Int>(capacity: 2)
        recent[1] = 1
        recent[1] = nil
        #expect(recent[1] == nil && recent.count == 0)
        recent[1] = 2
        recent[2] = 2
        #expect(recent[2] == 2)
    }

    /// The last word on a key is kept or forgotten, never another one.
    @Test func `it holds what it was last told, and no more than fits`() {
        var random = SeededRandom(seed: UInt64.random(in: 0 ... .max))
        var recent = RecentValues<Int, Int>(capacity: 50)
        var all: [Int: Int] = [:]
        for step in 0..<20_000 {
            let key = Int.random(in: 0..<120, using: &random)
            if Int.random(in: 0..<10, using: &random) == 0 {
                recent[key] = nil
                all[key] = nil
            } else {
                recent[key] = step
                all[key] = step
                #expect(recent[key] == step)
            }
            #expect(recent.count <= 50)
            let other = Int.random(in: 0..<120, using: &random)
            if let found = recent[other] { #expect(found == all[other]) }
        }
    }
}
