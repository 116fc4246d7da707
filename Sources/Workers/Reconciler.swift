// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Ledger
package import Logging
internal import Supervision
internal import Synchronization
package import TellerProtocol

/// What the last comparison of the books has found.
package struct ReconciliationReport: Sendable, Equatable {
    /// Comparisons that were finished since the start.
    package var passes = 0
    /// What accounts hold beyond what unsettled withdrawals and deals reserve, or below it.
    package var difference = Nanotons.zero
    /// Withdrawals that are `SENT` without signed bytes; the first hundred.
    package var unsigned: [WithdrawalID] = []
    /// nil before the first.
    package var endedAt: Timestamp?

    package init() {}

    package var isClean: Bool { difference == .zero && unsigned.isEmpty }

    /// What is wrong, for operators; nil when nothing is.
    package var problem: String? {
        var problems: [String] = []
        if difference != .zero {
            problems.append(
                "accounts hold \(difference.wireText) nanotons more or less than unsettled "
                    + "withdrawals and deals reserve")
        }
        if !unsigned.isEmpty {
            problems.append("\(unsigned.count) withdrawals are SENT without signed bytes")
        }
        return problems.isEmpty ? nil : problems.joined(separator: "; ")
    }
}

/// Compares the ledger with the withdrawals and these with their payouts, at least once a minute.
/// A difference of one nanoton stops payouts until an operator lets them go on.
package final class Reconciler: Sendable {
    /// Stops payouts everywhere; the text says why.
    package typealias Trip = @Sendable (_ reason: String) async throws -> Void

    private static let unsignedMax = 100

    private let store: any LedgerStore
    private let clock: LedgerClock
    private let configuration: WorkersConfiguration
    private let trip: Trip
    private let logger: Logger
    private let lastReport = Mutex(ReconciliationReport())

    package init(
        store: any LedgerStore, clock: LedgerClock, configuration: WorkersConfiguration,
        trip: @escaping Trip, logger: Logger
    ) {
        self.store = store
        self.clock = clock
        self.configuration = configuration
        self.trip = trip
        self.logger = logger
    }

    package var report: ReconciliationReport { lastReport.withLock { $0 } }

    func run(_ context: ChildContext) async throws {
        // An operator who lets payouts go on knows of the difference; only another one stops
        // them again.
        var tripped: String?
        while !context.isStopping {
            let isDone = try await context.turn(elsePause: .seconds(1)) {
                let report = try await compare()
                if let problem = report.problem, problem != tripped {
                    logger.critical("the books differ", metadata: ["problem": "\(problem)"])
                    try await trip(problem)
                    tripped = problem
                }
                if report.isClean { tripped = nil }
                lastReport.withLock { last in
                    let passes = last.passes + 1
                    last = report
                    last.passes = passes
                }
                context.progress(report.problem ?? "the books agree")
            }
            if isDone { try await context.rest(for: configuration.reconciliationInterval) }
        }
    }

    private func compare() async throws -> ReconciliationReport {
        var report = ReconciliationReport()
        // Both sums are of one moment.
        let totals = try await store.totals()
        let reserved = totals.unsettled.values.reduce(totals.heldByDeals) {
            $0.adding($1.reserved) ?? .max
        }
        report.difference =
            totals.held.subtracting(reserved) ?? reserved.subtracting(totals.held) ?? .max
        // Payouts are committed with the step to SENT and never removed, so they may be read later.
        let sent = try await store.withdrawals(
            in: .sent, unchangedSince: clock.latest, limit: configuration.unresolvedPayoutsMax)
        for start in stride(from: 0, to: sent.count, by: configuration.batchPayoutsMax) {
            let page = sent[start..<min(start + configuration.batchPayoutsMax, sent.count)]
            let payouts = try await store.payouts(of: page.map(\.id))
            let unsigned = page.map(\.id).filter { payouts[$0] == nil }
            report.unsigned += unsigned.prefix(Self.unsignedMax - report.unsigned.count)
        }
        report.endedAt = clock.now()
        return report
    }
}
