// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Synchronization

extension Supervisor {
    /// Calls to the keeper under way for one child at the most; a keeper that ignores its
    /// cancellation for longer counts as unavailable until one of them returns.
    private static let leaseCallsMax = 4

    /// The attempt under way.
    private struct Attempt {
        let context: ChildContext
        let task: Task<Void, Never>
    }

    /// Does what the machine says for one child, until that has stopped for good.
    func drive(_ index: Int) async {
        var current: Attempt?
        var timer: Task<Void, Never>?
        var leaseCall: Task<Void, Never>?
        defer {
            timer?.cancel()
            leaseCall?.cancel()
        }
        for await action in mailboxes[index].actions {
            switch action {
            case .child(.run(let attempt, let lease)):
                current = run(index, attempt: attempt, lease: lease)
            case .child(.askToStop): current?.context.askToStop()
            case .child(.cancel): current?.task.cancel()
            case .child(.fence): current?.context.fence()
            case .child(.extendLease(let until)): current?.context.extendLease(until: until)
            case .child(.report(let report)): log(report, of: index)
            case .child(.moved), .child(.finished), .child(.discardLease): break
            case .lease(.call(let number, let call)):
                leaseCall?.cancel()
                leaseCall = ask(index, number, call)
            case .arm(let deadline):
                timer?.cancel()
                timer = self.timer(index, until: deadline)
            case .over: return
            }
        }
    }

    private func run(_ index: Int, attempt: Int, lease: HeldLease?) -> Attempt {
        let body = children[index].body
        let context = ChildContext(attempt: attempt, lease: lease, time: time) { [self] sign in
            step(.child(index, .sign(attempt: attempt, sign)))
        }
        let task = Task { [self] in
            var failure: String?
            do { try await body(context) } catch { failure = causeChain(of: error) }
            step(.child(index, .ended(attempt: attempt, error: failure)))
        }
        return Attempt(context: context, task: task)
    }

    private func timer(_ index: Int, until deadline: Duration) -> Task<Void, Never> {
        Task { [self] in
            let left = max(.zero, deadline - time.now())
            // A timer cut short isn't the newest any more.
            guard (try? await time.sleep(left)) != nil else { return }
            step(.due(index))
        }
    }

    // MARK: - Leases

    private func ask(
        _ index: Int, _ number: UInt64, _ call: LeaseMachine.Call
    ) -> Task<Void, Never>? {
        guard let keeper else { return nil }
        let calls = mailboxes[index]
        guard calls.leaseCalls.add(1, ordering: .relaxed).newValue <= Self.leaseCallsMax else {
            calls.leaseCalls.subtract(1, ordering: .relaxed)
            // The machine takes the silence for the failure it is.
            return nil
        }
        return Task { [self] in
            let answer = await answer(of: keeper, to: call, for: children[index].name)
            calls.leaseCalls.subtract(1, ordering: .relaxed)
            step(.lease(index, .answered(call: number, answer)))
        }
    }

    private func answer(
        of keeper: any LeaseKeeper, to call: LeaseMachine.Call, for name: String
    ) async -> LeaseMachine.Answer {
        do throws(LeaseError) {
            switch call {
            case .acquire:
                return .granted(
                    try await keeper.acquire(name, holder: instance, life: leasePolicy.life))
            case .renew(let lease): try await keeper.renew(lease, life: leasePolicy.life)
            case .release(let lease): try await keeper.release(lease)
            }
            return .done
        } catch {
            return .failed(error)
        }
    }

    // MARK: - The log

    private func log(_ report: ChildMachine.Report, of index: Int) {
        let metadata: Logger.Metadata = ["worker": "\(children[index].name)"]
        switch report {
        case .failed(let error, let consecutive, let retryIn):
            let retry = retryIn.map { "\($0)" } ?? "never"
            logger.warning(
                "worker failed: \(error)",
                metadata: metadata.merging([
                    "consecutive": "\(consecutive)", "retry_in": "\(retry)",
                ]) { $1 })
        case .degraded: logger.error("worker degraded, retrying slowly", metadata: metadata)
        case .flapping: logger.error("worker flapping", metadata: metadata)
        case .recovered: logger.notice("worker recovered", metadata: metadata)
        case .hung(let silent):
            logger.error("worker hung, no sign of life for \(silent)", metadata: metadata)
        case .abandoned:
            logger.critical("worker ignores its cancellation, abandoned", metadata: metadata)
        case .leaseGained(let epoch):
            logger.notice("worker leads", metadata: metadata.merging(["epoch": "\(epoch)"]) { $1 })
        case .leaseLost(let epoch):
            logger.error(
                "worker lost its lease", metadata: metadata.merging(["epoch": "\(epoch)"]) { $1 })
        case .paused(let pause):
            logger.notice(
                "worker paused",
                metadata: metadata.merging(["by": "\(pause.by)", "reason": "\(pause.reason)"]) {
                    $1
                })
        case .resumed: logger.notice("worker resumed", metadata: metadata)
        case .restartAsked(let who):
            logger.notice("worker restarted", metadata: metadata.merging(["by": "\(who)"]) { $1 })
        case .finished: logger.info("worker finished", metadata: metadata)
        case .stopped: logger.info("worker stopped", metadata: metadata)
        }
    }
}
