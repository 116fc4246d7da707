// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Every metric of Teller's own: the one place where names, labels and buckets are settled.
///
/// Dashboards, alert rules and `docs/operations.md` may use these and no others, which a test
/// checks. States are label values with a gauge of 1 for the present one and 0 for the others.
package enum TellerMetrics {
    // MARK: - Calls

    package static let rpcCalls = MetricFamily(
        .counter, "teller_rpc_calls_total", "Calls that were answered, by method and status.",
        labels: ["method", "status"], seriesMax: 512)
    package static let rpcDuration = MetricFamily(
        .histogram(bounds: latencyBounds), "teller_rpc_duration_seconds",
        "Time from a call's last byte to its answer.", labels: ["method"], seriesMax: 64)
    package static let rpcInFlight = MetricFamily(
        .gauge, "teller_rpc_in_flight_calls", "Calls that are being worked on.")
    package static let rpcStreams = MetricFamily(
        .gauge, "teller_rpc_streams", "Streaming calls that are open.", labels: ["method"],
        seriesMax: 64)
    package static let connections = MetricFamily(
        .gauge, "teller_http_connections", "Open connections.", labels: ["protocol"])
    package static let connectionsAccepted = MetricFamily(
        .counter, "teller_http_connections_accepted_total", "Connections accepted.",
        labels: ["protocol"])
    package static let connectionsRefused = MetricFamily(
        .counter, "teller_http_connections_refused_total", "Connections refused or cut off.",
        labels: ["reason"])
    package static let httpStreams = MetricFamily(
        .gauge, "teller_http_streams", "Open HTTP/2 streams.")

    // MARK: - Commits and the store

    package static let commitBatch = MetricFamily(
        .histogram(bounds: [1, 2, 5, 10, 20, 50, 100, 150, 200]),
        "teller_commit_batch_commands", "Commands committed together.")
    package static let commitWait = MetricFamily(
        .histogram(bounds: latencyBounds), "teller_commit_wait_seconds",
        "Time a command waited for its batch to begin.")
    package static let commitQueued = MetricFamily(
        .gauge, "teller_commit_queued_commands", "Commands that wait for a batch.")
    package static let commitRefused = MetricFamily(
        .counter, "teller_commit_refused_total", "Commands refused before they ran.",
        labels: ["reason"])
    package static let storeDuration = MetricFamily(
        .histogram(bounds: latencyBounds), "teller_store_duration_seconds",
        "Time the store took.", labels: ["operation"], seriesMax: 64)
    package static let storeErrors = MetricFamily(
        .counter, "teller_store_errors_total", "Operations of the store that failed.",
        labels: ["operation", "code"])
    package static let storeConnections = MetricFamily(
        .gauge, "teller_store_connections", "Connections to the store.",
        labels: ["pool", "state"])
    package static let storeUp = MetricFamily(
        .gauge, "teller_store_up", "Whether the store answers.")

    // MARK: - Withdrawals and money

    package static let withdrawals = MetricFamily(
        .gauge, "teller_withdrawals", "Withdrawals that are not settled.", labels: ["state"])
    package static let withdrawalOldest = MetricFamily(
        .gauge, "teller_withdrawal_oldest_age_seconds",
        "How long the oldest withdrawal has been in its state.", labels: ["state"])
    package static let withdrawalTransitions = MetricFamily(
        .counter, "teller_withdrawal_transitions_total", "Steps withdrawals have taken.",
        labels: ["from", "to"])
    package static let available = MetricFamily(
        .gauge, "teller_ledger_available_nanotons", "Money accounts may withdraw.")
    package static let held = MetricFamily(
        .gauge, "teller_ledger_held_nanotons", "Money reserved for withdrawals.")
    package static let dealsSetAside = MetricFamily(
        .gauge, "teller_deals_set_aside", "Deals that could not be settled.")
    package static let operationsUnknown = MetricFamily(
        .gauge, "teller_market_operations_unknown",
        "Operations at marketplaces whose outcome nobody knows.")
    package static let hotWallet = MetricFamily(
        .gauge, "teller_hot_wallet_nanotons", "Money in a hot wallet.", labels: ["wallet"])
    package static let hotWalletMin = MetricFamily(
        .gauge, "teller_hot_wallet_min_nanotons", "What a hot wallet should have at least.",
        labels: ["wallet"])
    package static let auditViolations = MetricFamily(
        .gauge, "teller_ledger_audit_violations", "Accounts whose sums don't hold.")
    package static let auditTime = MetricFamily(
        .gauge, "teller_ledger_audit_time_seconds",
        "When the last audit ended, since the Unix epoch.")
    package static let reconciliationDifference = MetricFamily(
        .gauge, "teller_reconciliation_difference_nanotons",
        "What ledger, payouts and chain differ by.")
    package static let reconciliationTime = MetricFamily(
        .gauge, "teller_reconciliation_time_seconds",
        "When the last reconciliation ended, since the Unix epoch.")
    package static let payoutsEnabled = MetricFamily(
        .gauge, "teller_payouts_enabled", "0 while the kill switch holds payouts.")

    // MARK: - Tasks and leases

    package static let taskState = MetricFamily(
        .gauge, "teller_task_state", "1 for the state a task is in.", labels: ["task", "state"],
        seriesMax: 512)
    package static let taskRestarts = MetricFamily(
        .counter, "teller_task_restarts_total", "Attempts of a task beyond its first.",
        labels: ["task"])
    package static let taskFailures = MetricFamily(
        .gauge, "teller_task_consecutive_failures", "Failures of a task in a row.",
        labels: ["task"])
    package static let taskHeartbeat = MetricFamily(
        .gauge, "teller_task_heartbeat_age_seconds", "Since a running task's last sign of life.",
        labels: ["task"])
    package static let leaseHeld = MetricFamily(
        .gauge, "teller_lease_held", "Whether this instance holds the lease.",
        labels: ["lease"])
    package static let leaseEpoch = MetricFamily(
        .gauge, "teller_lease_epoch", "The lease's epoch as last seen.", labels: ["lease"])
    package static let leaseChanges = MetricFamily(
        .counter, "teller_lease_changes_total", "Leases taken, lost and given back.",
        labels: ["lease", "change"])
    package static let fencedWrites = MetricFamily(
        .counter, "teller_lease_fenced_writes_total", "Writes refused for a stale epoch.",
        labels: ["lease"])

    // MARK: - Upstreams

    package static let upstreamCalls = MetricFamily(
        .counter, "teller_upstream_calls_total", "Calls to an upstream, retries not counted.",
        labels: ["upstream", "outcome"])
    package static let upstreamAttempts = MetricFamily(
        .counter, "teller_upstream_attempts_total", "Attempts made, first ones and retries.",
        labels: ["upstream", "outcome"])
    package static let upstreamRetries = MetricFamily(
        .counter, "teller_upstream_retries_total", "Attempts beyond a call's first.",
        labels: ["upstream"])
    package static let upstreamRefusals = MetricFamily(
        .counter, "teller_upstream_refusals_total",
        "Attempts not made for want of budget, breaker, room or time.",
        labels: ["upstream", "reason"])
    package static let upstreamDuration = MetricFamily(
        .histogram(bounds: latencyBounds), "teller_upstream_duration_seconds",
        "Time an attempt took.", labels: ["upstream"])
    package static let upstreamInFlight = MetricFamily(
        .gauge, "teller_upstream_in_flight_calls", "Attempts under way.", labels: ["upstream"])
    package static let upstreamBudget = MetricFamily(
        .gauge, "teller_upstream_budget_retries", "Retries the budget has room for.",
        labels: ["upstream"])
    package static let breakerState = MetricFamily(
        .gauge, "teller_upstream_breaker_state", "1 for the state a breaker is in.",
        labels: ["upstream", "state"])
    package static let policyVersion = MetricFamily(
        .gauge, "teller_retry_policy_version", "The version of the retry policy in effect.",
        labels: ["policy"])

    // MARK: - Alerts, logs, the program

    package static let incidents = MetricFamily(
        .gauge, "teller_incidents", "Incidents that stand.", labels: ["kind"])
    package static let alertsDue = MetricFamily(
        .gauge, "teller_alerts_due", "Incidents a channel has not told of yet.",
        labels: ["channel"])
    package static let alertDeliveries = MetricFamily(
        .counter, "teller_alert_deliveries_total", "Messages given to a channel.",
        labels: ["channel", "outcome"])
    package static let logLinesDropped = MetricFamily(
        .counter, "teller_log_lines_dropped_total", "Log lines nobody took in time.")
    package static let traceSpans = MetricFamily(
        .counter, "teller_trace_spans_total", "Spans that were recorded, by what became of them.",
        labels: ["outcome"])
    package static let buildInfo = MetricFamily(
        .gauge, "teller_build_info", "1, with what was built.", labels: ["version"])

    // MARK: - All of them

    /// 250 µs to 30 s, close together where calls and commits mostly are.
    package static let latencyBounds = [
        0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
        10, 30,
    ]

    /// The whole catalogue, in the order of `docs/operations.md`.
    package static let all: [MetricFamily] = [
        rpcCalls, rpcDuration, rpcInFlight, rpcStreams, connections, connectionsAccepted,
        connectionsRefused, httpStreams, commitBatch, commitWait, commitQueued, commitRefused,
        storeDuration, storeErrors, storeConnections, storeUp, withdrawals, withdrawalOldest,
        withdrawalTransitions, available, held, dealsSetAside, operationsUnknown, hotWallet,
        hotWalletMin, auditViolations,
        auditTime, reconciliationDifference, reconciliationTime, payoutsEnabled, taskState,
        taskRestarts, taskFailures, taskHeartbeat, leaseHeld, leaseEpoch, leaseChanges,
        fencedWrites, upstreamCalls, upstreamAttempts, upstreamRetries, upstreamRefusals,
        upstreamDuration, upstreamInFlight, upstreamBudget, breakerState, policyVersion,
        incidents, alertsDue, alertDeliveries, logLinesDropped, traceSpans, buildInfo,
        MetricsRegistry.seriesDropped, MetricsRegistry.collectorFailures,
    ]
}
