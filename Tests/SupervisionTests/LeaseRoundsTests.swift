// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import Supervision
import TestSupport
import Testing

/// Instances of one leader-scoped child in a simulated cluster, each on a steady clock of its own:
/// no tasks, no real time.
@Suite struct LeaseRoundsTests {
    @Test func `one body at a time has a live lease, in 100 rounds of trouble`() {
        var random = SeededRandom(seed: .random(in: 0 ... .max))
        print("seed \(random.seed)")
        var takeovers: [Duration] = []
        for _ in 0..<100 {
            var cluster = Cluster(instances: 3, seed: random.next())
            cluster.run(for: .seconds(40))
            // A calm end: somebody runs it again, as soon as the old messages have come.
            cluster.calmDown()
            cluster.run(for: .seconds(3) + .seconds(10))
            #expect(cluster.liveBodies.count == 1)
            takeovers.append(contentsOf: cluster.takeovers)
            #expect(cluster.isEveryRunRecordedOnce)
        }
        print("acquisitions after a loss: \(takeovers.count), longest \(takeovers.max() ?? .zero)")
        #expect(!takeovers.isEmpty)
    }

    @Test(arguments: [Trouble.dead, .stopped, .partitioned])
    func `another takes over within ten seconds of a leader's trouble`(trouble: Trouble) throws {
        for seed in 0..<20 as Range<UInt64> {
            var cluster = Cluster(instances: 3, seed: seed)
            cluster.isCalm = true
            cluster.run(for: .seconds(5) + .milliseconds(Int64(seed) * 130))
            let leader = try #require(cluster.liveBodies.first)
            let epoch = cluster.epochs.last
            cluster.strike(leader, with: trouble)
            cluster.run(for: .seconds(10))
            let successor = try #require(cluster.liveBodies.first)
            #expect(successor != leader)
            #expect(cluster.epochs.last != epoch)
            cluster.calmDown()
            cluster.run(for: .seconds(10))
            #expect(cluster.liveBodies == [successor], "the old leader comes back as a follower")
        }
    }
}

enum Trouble: CaseIterable, Sendable {
    /// The process is gone; another starts in its place.
    case dead
    /// Stopped with all its threads, and goes on later where it was.
    case stopped
    /// Nothing it sends arrives, and nothing it is sent.
    case partitioned
    /// Its body neither beats nor ends.
    case deaf
}

/// Simulated instances, their network and the store.
struct Cluster {
    private struct Process {
        var machine: SupervisorMachine
        /// Its steady clock is so far from the store's.
        var offset: Duration
        var timer: Duration?
        var trouble: Trouble?
        var troubleEnds: Duration?
        var body: (attempt: Int, lease: HeldLease, isFenced: Bool, isCancelled: Bool)?
        /// Bodies that were abandoned; they are fenced.
        var ghosts: [Int] = []
        var runs: [Int] = []
        var begun = 0
    }

    private struct Message {
        let instance: Int
        let generation: Int
        let number: UInt64
        let call: LeaseMachine.Call
        let arrives: Duration
    }

    private struct Reply {
        let instance: Int
        let generation: Int
        let number: UInt64
        let answer: LeaseMachine.Answer
        let arrives: Duration
    }

    private static let tick: Duration = .milliseconds(100)

    var isCalm = false
    private var now = Duration.zero
    private var processes: [Process] = []
    private var generations: [Int]
    private var table = LeaseTable()
    private var messages: [Message] = []
    private var replies: [Reply] = []
    private var random: SeededRandom
    private(set) var epochs: [Int64] = []
    private(set) var takeovers: [Duration] = []
    private var withoutLeaderSince: Duration? = .zero
    private(set) var isEveryRunRecordedOnce = true

    init(instances: Int, seed: UInt64) {
        random = SeededRandom(seed: seed)
        generations = Array(repeating: 0, count: instances)
        for _ in 0..<instances { processes.append(makeProcess()) }
        for instance in 0..<instances { send(.start, to: instance) }
    }

    private mutating func makeProcess() -> Process {
        let offset = Duration.milliseconds(Int64.random(in: 0...1_000_000, using: &random))
        var policy = ChildPolicy()
        policy.backoff = Backoff(
            base: .milliseconds(100), factorPercent: 200, cap: .seconds(1), jitter: .equal)
        policy.heartbeatTimeout = .seconds(3)
        policy.cancellationGrace = .seconds(1)
        let child = Child(name: "task", policy: policy, scope: .leader) { _ in }
        guard let machine = try? SupervisorMachine(children: [child], at: now + offset) else {
            fatalError("one child makes no cycle")
        }
        return Process(machine: machine, offset: offset)
    }

    /// The instances whose body may write, as `ChildContext.isFenced` says it.
    var liveBodies: [Int] {
        processes.indices.filter { index in
            let process = processes[index]
            guard let body = process.body, !body.isFenced, process.trouble != .dead else {
                return false
            }
            return now + process.offset < body.lease.until
        }
    }

    mutating func strike(_ instance: Int, with trouble: Trouble) {
        processes[instance].trouble = trouble
        processes[instance].troubleEnds = nil
        if trouble == .dead { generations[instance] += 1 }
    }

    mutating func calmDown() {
        isCalm = true
        for instance in processes.indices { recover(instance) }
    }

    mutating func run(for duration: Duration) {
        let end = now + duration
        while now < end {
            now += Self.tick
            if !isCalm { makeTrouble() }
            deliver()
            for instance in processes.indices { live(instance) }
            check()
        }
    }

    private mutating func check() {
        let live = liveBodies
        if live.count > 1 { Issue.record("two leaders at \(now)") }
        for instance in live {
            // Whoever is live is also whom the store lets write, or an older request of it was
            // slow and has just cost it the epoch.
            if table.holder(of: "task") != "\(instance)" { Issue.record("stale at \(now)") }
        }
        if live.isEmpty {
            withoutLeaderSince = withoutLeaderSince ?? now
        } else if let since = withoutLeaderSince {
            takeovers.append(now - since)
            withoutLeaderSince = nil
        }
    }

    private mutating func makeTrouble() {
        for instance in processes.indices {
            if let end = processes[instance].troubleEnds, end <= now { recover(instance) }
            guard processes[instance].trouble == nil,
                Int.random(in: 0..<100, using: &random) == 0
            else { continue }
            strike(instance, with: Trouble.allCases.randomElement(using: &random) ?? .dead)
            processes[instance].troubleEnds =
                now + .milliseconds(Int64.random(in: 100...12_000, using: &random))
        }
    }

    private mutating func recover(_ instance: Int) {
        let trouble = processes[instance].trouble
        processes[instance].trouble = nil
        processes[instance].troubleEnds = nil
        if trouble == .dead {
            processes[instance] = makeProcess()
            send(.start, to: instance)
        }
    }

    /// One turn of an instance's timers and body.
    private mutating func live(_ instance: Int) {
        let trouble = processes[instance].trouble
        guard trouble != .dead, trouble != .stopped else { return }
        if let timer = processes[instance].timer, timer <= now + processes[instance].offset {
            processes[instance].timer = nil
            send(.due(0), to: instance)
        }
        guard let body = processes[instance].body, trouble != .deaf else { return }
        if body.isCancelled {
            processes[instance].body = nil
            send(.child(0, .ended(attempt: body.attempt, error: "cancelled")), to: instance)
        } else if !isCalm, Int.random(in: 0..<400, using: &random) == 0 {
            processes[instance].body = nil
            send(.child(0, .ended(attempt: body.attempt, error: "broken")), to: instance)
        } else if isCalm || Int.random(in: 0..<5, using: &random) == 0 {
            send(.child(0, .sign(attempt: body.attempt, .alive)), to: instance)
        }
    }

    private mutating func send(_ event: SupervisorMachine.Event, to instance: Int) {
        let steps = processes[instance].machine.handle(
            event, at: now + processes[instance].offset, using: &random)
        for step in steps { perform(step.action, instance) }
    }

    private mutating func perform(_ action: SupervisorMachine.Action, _ instance: Int) {
        switch action {
        case .child(.run(let attempt, let lease)):
            guard let lease else {
                Issue.record("a leader without a lease")
                return
            }
            if processes[instance].body?.isFenced == false {
                Issue.record("a second body beside a live one")
            }
            processes[instance].begun += 1
            processes[instance].body = (attempt, lease, false, false)
            #expect(epochs.last.map { $0 <= lease.lease.epoch } ?? true)
            epochs.append(lease.lease.epoch)
        case .arm(let deadline): processes[instance].timer = deadline
        case .child(.cancel): processes[instance].body?.isCancelled = true
        case .child(.fence): processes[instance].body?.isFenced = true
        case .child(.extendLease(let until)):
            guard let body = processes[instance].body else { return }
            processes[instance].body?.lease = HeldLease(body.lease.lease, until: until)
        case .child(.finished(let run)):
            if processes[instance].runs.last == run.attempt { isEveryRunRecordedOnce = false }
            processes[instance].runs.append(run.attempt)
        case .lease(.call(let number, let call)):
            guard processes[instance].trouble != .partitioned else { return }
            messages.append(
                Message(
                    instance: instance, generation: generations[instance], number: number,
                    call: call, arrives: now + delay()))
        default: break
        }
    }

    private mutating func delay() -> Duration {
        let longest: Int64 = isCalm || Int.random(in: 0..<10, using: &random) > 0 ? 50 : 3_000
        return .milliseconds(Int64.random(in: 1...longest, using: &random))
    }

    private mutating func deliver() {
        let arrived = messages.filter { $0.arrives <= now }
        messages.removeAll { $0.arrives <= now }
        for message in arrived where processes[message.instance].trouble != .partitioned {
            replies.append(
                Reply(
                    instance: message.instance, generation: message.generation,
                    number: message.number, answer: answer(to: message), arrives: now + delay()))
        }
        let due = replies.filter { $0.arrives <= now }
        replies.removeAll { $0.arrives <= now }
        for reply in due where reply.generation == generations[reply.instance] {
            switch processes[reply.instance].trouble {
            case .dead, .partitioned: continue
            // It stays in the socket until the process goes on.
            case .stopped: replies.append(reply)
            case .deaf, nil:
                send(
                    .lease(0, .answered(call: reply.number, reply.answer)), to: reply.instance)
            }
        }
    }

    private mutating func answer(to message: Message) -> LeaseMachine.Answer {
        let life = LeasePolicy().life
        do throws(LeaseError) {
            switch message.call {
            case .acquire:
                return .granted(
                    try table.acquire(
                        "task", holder: "\(message.instance)", life: life, at: now))
            case .renew(let lease): try table.renew(lease, life: life, at: now)
            case .release(let lease): try table.release(lease, at: now)
            }
            return .done
        } catch {
            return .failed(error)
        }
    }
}
