// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Supervision
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct WakeSignalTests {
    @Test func `a signal before the wait ends it at once and many are one`() async {
        let signal = WakeSignal()
        signal.signal()
        signal.signal()
        await signal.wait(atMost: .seconds(3_600), on: .system)
        let time = ManualTime()
        let second = Task { await signal.wait(atMost: .seconds(1), on: time.steady) }
        await eventually { time.pendingTimers == 1 }
        time.advance(by: .seconds(1))
        await second.value
    }

    @Test func `a wait ends with its task`() async {
        let signal = WakeSignal()
        let waiting = Task { await signal.wait(atMost: .seconds(3_600), on: .system) }
        waiting.cancel()
        await waiting.value
        signal.signal()
        await signal.wait(atMost: .seconds(3_600), on: .system)
    }

    @Test func `no signal is lost between looking and waiting`() async {
        let signal = WakeSignal()
        let produced = Atomic(0)
        let consumer = Task {
            while produced.load(ordering: .acquiring) < 10_000 {
                await signal.wait(atMost: .seconds(3_600), on: .system)
            }
        }
        for _ in 0..<10_000 {
            produced.add(1, ordering: .releasing)
            signal.signal()
            if Bool.random() { await Task.yield() }
        }
        await consumer.value
    }
}
