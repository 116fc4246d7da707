// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Supervision
import Telemetry
import TellerProtocol

/// Counts what the group committers do.
struct LedgerMeter: CommitObserver {
    /// The families that the registry must have.
    static let families = [
        TellerMetrics.commitBatch, TellerMetrics.commitWait, TellerMetrics.commitRefused,
        TellerMetrics.withdrawalTransitions, TellerMetrics.fencedWrites,
    ]

    private let metrics: MetricsRegistry
    private let batch: HistogramSeries
    private let wait: HistogramSeries
    private let created: CounterSeries
    private let time = SteadyTime.system

    init(_ metrics: MetricsRegistry) {
        self.metrics = metrics
        batch = metrics.histogram(TellerMetrics.commitBatch)
        wait = metrics.histogram(TellerMetrics.commitWait)
        created = metrics.counter(
            TellerMetrics.withdrawalTransitions, ["NONE", WithdrawalState.pending.rawValue])
    }

    var now: Duration { time.now() }

    func waited(_ time: Duration) { wait.observe(time) }

    func began(batchOf commands: Int) { batch.observe(Double(commands)) }

    func refused(_ error: CommitError) {
        let reason =
            switch error {
            case .overloaded: "overloaded"
            case .closed: "closed"
            case .cancelled: "cancelled"
            case .store: "store"
            }
        metrics.counter(TellerMetrics.commitRefused, [reason]).add()
    }

    func created(withdrawals count: Int) { created.add(UInt64(count)) }

    func decided(_ command: LedgerCommand, _ outcome: LedgerOutcome) {
        guard case .transition(let step) = command else { return }
        switch outcome {
        case .transitioned(let withdrawal):
            metrics.counter(
                TellerMetrics.withdrawalTransitions,
                [step.from.rawValue, withdrawal.state.rawValue]
            ).add()
        case .refused(.fenced):
            metrics.counter(TellerMetrics.fencedWrites, [step.fence?.lease ?? "none"]).add()
        default: break
        }
    }
}
