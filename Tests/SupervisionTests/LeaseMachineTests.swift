// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Supervision
import Testing

@Suite struct LeaseMachineTests {
    private var machine = LeaseMachine()
    private let mine = Lease(name: "task", holder: "one", epoch: 3)
    private let other = Lease(name: "task", holder: "two", epoch: 4)

    private mutating func send(
        _ event: LeaseMachine.Event, at milliseconds: Int
    ) -> [LeaseMachine.Action] {
        machine.handle(event, at: .milliseconds(milliseconds))
    }

    /// Has it hold the lease from a request at 0, answered at 100 ms.
    private mutating func acquire() {
        _ = send(.want(true), at: 0)
        _ = send(.answered(call: 1, .granted(mine)), at: 100)
    }

    @Test mutating func `a lease is acquired when it is wanted, and counted from the request`() {
        #expect(machine.deadline == nil)
        #expect(send(.want(true), at: 0) == [.call(1, .acquire)])
        #expect(send(.answered(call: 1, .granted(mine)), at: 900) == [])
        #expect(machine.held == HeldLease(mine, until: .seconds(4)))
        #expect(machine.known == mine)
        #expect(machine.deadline == .seconds(2))
    }

    @Test mutating func `it is renewed every two seconds`() {
        acquire()
        #expect(send(.due, at: 1_999) == [])
        #expect(send(.due, at: 2_000) == [.call(2, .renew(mine))])
        #expect(send(.answered(call: 2, .done), at: 2_300) == [])
        #expect(machine.held?.until == .seconds(6))
        #expect(machine.deadline == .seconds(4))
    }

    @Test mutating func `what can't be renewed is given up four seconds after the last success`() {
        acquire()
        #expect(send(.due, at: 2_000) == [.call(2, .renew(mine))])
        _ = send(.answered(call: 2, .failed(.unavailable("x"))), at: 2_100)
        #expect(machine.deadline == .milliseconds(2_600))
        #expect(send(.due, at: 2_600) == [.call(3, .renew(mine))])
        // No answer for a second: it is asked again, and the late answer counts for nothing.
        #expect(send(.due, at: 3_600) == [])
        #expect(send(.answered(call: 3, .done), at: 3_700) == [])
        #expect(machine.held?.until == .seconds(4))
        #expect(send(.due, at: 4_000) == [])
        #expect(machine.held == nil)
        #expect(machine.state == .resting(until: .seconds(5)))
        #expect(send(.due, at: 5_000) == [.call(4, .acquire)])
    }

    @Test mutating func `a process that was stopped for long has lost it, whatever comes first`() {
        acquire()
        _ = send(.due, at: 2_000)
        #expect(send(.answered(call: 2, .done), at: 60_000) == [])
        #expect(machine.held == nil)
    }

    @Test mutating func `a refused renewal ends it at once`() {
        acquire()
        _ = send(.due, at: 2_000)
        _ = send(.answered(call: 2, .failed(.lost)), at: 2_100)
        #expect(machine.held == nil)
        #expect(machine.known == nil)
    }

    @Test mutating func `a lease that another holds is asked for every second`() {
        _ = send(.want(true), at: 0)
        _ = send(.answered(call: 1, .failed(.heldByOther(other))), at: 100)
        #expect(machine.known == other)
        #expect(machine.deadline == .milliseconds(1_100))
        #expect(send(.due, at: 1_100) == [.call(2, .acquire)])
    }

    @Test mutating func `a grant that comes too late is not used`() {
        var policy = LeasePolicy()
        policy.callTimeMax = .milliseconds(1_900)
        machine = LeaseMachine(policy: policy)
        _ = send(.want(true), at: 0)
        _ = send(.answered(call: 1, .granted(mine)), at: 4_000)
        #expect(machine.held == nil)
        #expect(machine.deadline == .seconds(5))
    }

    @Test mutating func `what isn't wanted any more is given back`() {
        acquire()
        #expect(send(.want(false), at: 500) == [.call(2, .release(mine))])
        #expect(machine.held == nil)
        #expect(send(.answered(call: 2, .done), at: 600) == [])
        #expect(machine.state == .idle)
    }

    @Test mutating func `a release without an answer holds nobody up`() {
        acquire()
        _ = send(.want(false), at: 500)
        #expect(machine.deadline == .milliseconds(1_500))
        #expect(send(.want(true), at: 600) == [])
        #expect(send(.due, at: 1_500) == [.call(3, .acquire)])
    }

    @Test mutating func `what is granted though no longer wanted is given back`() {
        _ = send(.want(true), at: 0)
        #expect(send(.want(false), at: 10) == [])
        #expect(send(.answered(call: 1, .granted(mine)), at: 20) == [.call(2, .release(mine))])
    }

    @Test mutating func `a discarded lease is acquired anew, in another epoch`() {
        acquire()
        #expect(send(.discard, at: 500) == [.call(2, .acquire)])
        #expect(machine.held == nil)
    }

    @Test func `times that don't fit together are unsound`() {
        #expect(LeasePolicy().isSound)
        var policy = LeasePolicy()
        policy.holdTime = policy.life
        #expect(!policy.isSound)
        policy = LeasePolicy()
        policy.renewInterval = .seconds(3)
        #expect(!policy.isSound)
    }
}
