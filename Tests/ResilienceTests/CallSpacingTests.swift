// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Resilience

@Suite struct CallSpacingTests {
    @Test(arguments: [1, 3, 10, 25, 1_000])
    func `no second holds more calls than the rate, whenever they come`(rate: Int) {
        var random = SeededRandom(seed: UInt64(rate))
        var spacing = CallSpacing(callsPerSecond: rate)
        var (now, calls) = (Duration.zero, [Duration]())
        for _ in 0..<2_000 {
            now += .milliseconds(Int64.random(in: 0..<Int64(2_000 / rate + 2), using: &random))
            if let turn = spacing.reserve(at: now, waitMax: .seconds(100)) {
                #expect(turn.at >= now)
                calls.append(turn.at)
            }
        }
        #expect(calls.count > 500)
        for (index, call) in calls.enumerated() where index + rate < calls.count {
            #expect(calls[index + rate] - call > .seconds(1))
        }
    }

    @Test func `a lone call goes at once, and the second waits for its turn`() throws {
        var spacing = CallSpacing(callsPerSecond: 1)
        #expect(spacing.reserve(at: .seconds(9), waitMax: .zero)?.at == .seconds(9))
        #expect(spacing.reserve(at: .seconds(9), waitMax: .seconds(1)) == nil)
        #expect(
            spacing.reserve(at: .seconds(9), waitMax: .seconds(2))?.at == .milliseconds(10_050))
        #expect(spacing.reserve(at: .seconds(60), waitMax: .zero)?.at == .seconds(60))
    }

    @Test func `the queue is bounded, and a turn given back is another's`() throws {
        var spacing = CallSpacing(callsPerSecond: 10)
        var last: CallSpacing.Turn?
        var count = 0
        while let turn = spacing.reserve(at: .zero, waitMax: .seconds(600)) {
            last = turn
            count += 1
        }
        // The first of them does not wait.
        #expect(count == CallSpacing.waitingMax + 1)
        let turn = try #require(last)
        spacing.giveBack(turn)
        #expect(spacing.reserve(at: .zero, waitMax: .seconds(600)) == turn)
        // One that others stand behind is lost, and moves nobody.
        spacing.giveBack(.init(at: .zero))
        #expect(spacing.reserve(at: .zero, waitMax: .seconds(600)) == nil)
    }

    @Test func `a refused call waits a second, and the others behind it`() {
        var spacing = CallSpacing(callsPerSecond: 10)
        #expect(spacing.reserve(at: .zero, waitMax: .zero) != nil)
        #expect(spacing.refuse(at: .milliseconds(20)) == .seconds(1))
        #expect(
            spacing.reserve(at: .milliseconds(20), waitMax: .seconds(5))?.at
                == .milliseconds(1_125))
    }
}
