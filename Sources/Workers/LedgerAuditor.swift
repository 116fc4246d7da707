// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Ledger
package import Logging
internal import Supervision
internal import Synchronization
package import TellerProtocol

/// What the audits have found since the start.
package struct AuditReport: Sendable, Equatable {
    /// Audits of all accounts that were finished.
    package var passes = 0
    /// Accounts checked by the last finished pass.
    package var accountsChecked = 0
    /// Accounts whose sums are wrong, as of the last finished pass; the first hundred.
    package var violations: [AccountKey] = []
    /// When the last pass was finished; nil before the first.
    package var endedAt: Timestamp?
    /// Accounts whose sums are wrong, as far as the pass under way has come; the first hundred.
    package var found: [AccountKey] = []

    package init() {}
}

/// Checks promise 3 over and over: that every account is the sum of its journal.
package final class LedgerAuditor: Sendable {
    /// Violations named at the most; one is already reason enough to stop and look.
    private static let violationsMax = 100

    private let store: any LedgerStore
    private let clock: LedgerClock
    private let configuration: WorkersConfiguration
    private let logger: Logger
    private let lastReport = Mutex(AuditReport())

    package init(
        store: any LedgerStore, clock: LedgerClock, configuration: WorkersConfiguration,
        logger: Logger
    ) {
        self.store = store
        self.clock = clock
        self.configuration = configuration
        self.logger = logger
    }

    package var report: AuditReport { lastReport.withLock { $0 } }

    func run(_ context: ChildContext) async throws {
        while !context.isStopping {
            let isDone = try await context.turn(elsePause: configuration.pollInterval) {
                try await auditAll(context)
            }
            if isDone { try await context.rest(for: configuration.auditInterval) }
        }
    }

    private func auditAll(_ context: ChildContext) async throws {
        var pass = AuditReport()
        let known = Set(report.violations)
        var last: AccountKey?
        repeat {
            context.heartbeat()
            let start = context.time.now()
            let page = try await store.audit(
                after: last, limit: configuration.auditPageAccountsMax)
            pass.accountsChecked += page.checked
            for account in page.violations {
                // The alarm is raised once; afterwards the report and quieter lines keep it up.
                logger.log(
                    level: known.contains(account) ? .warning : .critical,
                    "account doesn't equal its journal",
                    metadata: [
                        "tenant": "\(account.tenant)", "account": "\(account.account)",
                    ])
            }
            let room = Self.violationsMax - pass.violations.count
            pass.violations.append(contentsOf: page.violations.prefix(room))
            lastReport.withLock { $0.found = pass.violations }
            last = page.last
            let busy = context.time.now() - start
            try await context.rest(
                for: busy * (100 - configuration.auditDutyPercent) / configuration.auditDutyPercent)
            if context.isStopping { return }
        } while last != nil
        context.progress(
            "checked \(pass.accountsChecked) accounts, \(pass.violations.count) don't add up")
        lastReport.withLock { report in
            pass.passes = report.passes + 1
            pass.endedAt = clock.now()
            report = pass
        }
    }
}
