// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import TellerProtocol

// Retry policies in the contract's words, which are also those they are stored in.

extension RetryPolicyDocument {
    init(_ policy: RetryPolicy) {
        let (backoff, budget, breaker) = (policy.backoff, policy.budget, policy.breaker)
        self.init(
            attemptsMax: policy.attemptsMax, attemptTimeoutMs: policy.attemptTimeoutMs,
            deadlineMs: policy.deadlineMs,
            backoff: RetryBackoffDocument(
                baseMs: backoff.baseMs, factorPercent: backoff.factorPercent,
                capMs: backoff.capMs, jitter: BackoffJitter(backoff.jitter)),
            retryable: UpstreamFailureClass.allCases.filter {
                policy.retryable.contains($0.callClass)
            },
            retryAfterMaxMs: policy.retryAfterMaxMs,
            budget: RetryBudgetDocument(
                ratioPercent: budget.ratioPercent, floor: budget.floor,
                windowMs: budget.windowMs),
            breaker: BreakerDocument(
                windowMs: breaker.windowMs, callsMin: breaker.callsMin,
                failurePercent: breaker.failurePercent, slowMs: breaker.slowMs,
                slowPercent: breaker.slowPercent, openMs: breaker.openMs,
                openJitterPercent: breaker.openJitterPercent, probes: breaker.probes,
                probeMs: breaker.probeMs),
            concurrencyMax: policy.concurrencyMax)
    }

    /// Reads the form a store keeps. A member that is not known makes it unreadable: whoever wrote
    /// it meant something by it.
    init(stored text: String) throws(JSONError) {
        var reader = JSONReader(Array(text.utf8))
        reader.refusesUnknownMembers = true
        try self.init(from: &reader)
        try reader.finish()
    }

    /// The form a store keeps: far below `PolicyVersion.policyBytesMax`.
    var stored: String { String(decoding: jsonBytes, as: UTF8.self) }

    var policy: RetryPolicy {
        var policy = RetryPolicy()
        policy.attemptsMax = attemptsMax
        policy.attemptTimeoutMs = attemptTimeoutMs
        policy.deadlineMs = deadlineMs
        policy.backoff.baseMs = backoff.baseMs
        policy.backoff.factorPercent = backoff.factorPercent
        policy.backoff.capMs = backoff.capMs
        policy.backoff.jitter = backoff.jitter.jitter
        policy.retryable = Set(retryable.map(\.callClass))
        policy.retryAfterMaxMs = retryAfterMaxMs
        policy.budget.ratioPercent = budget.ratioPercent
        policy.budget.floor = budget.floor
        policy.budget.windowMs = budget.windowMs
        policy.breaker.windowMs = breaker.windowMs
        policy.breaker.callsMin = breaker.callsMin
        policy.breaker.failurePercent = breaker.failurePercent
        policy.breaker.slowMs = breaker.slowMs
        policy.breaker.slowPercent = breaker.slowPercent
        policy.breaker.openMs = breaker.openMs
        policy.breaker.openJitterPercent = breaker.openJitterPercent
        policy.breaker.probes = breaker.probes
        policy.breaker.probeMs = breaker.probeMs
        policy.concurrencyMax = concurrencyMax
        return policy
    }
}

extension BackoffJitter {
    init(_ jitter: Backoff.Jitter) {
        self =
            switch jitter {
            case .none: .none
            case .full: .full
            case .equal: .equal
            case .decorrelated: .decorrelated
            }
    }

    var jitter: Backoff.Jitter {
        switch self {
        case .none: .none
        case .full: .full
        case .equal: .equal
        case .decorrelated: .decorrelated
        }
    }
}

extension UpstreamFailureClass {
    /// nil for what does not speak against an upstream.
    init?(_ callClass: CallClass) {
        guard let found = Self.allCases.first(where: { $0.callClass == callClass }) else {
            return nil
        }
        self = found
    }

    var callClass: CallClass {
        switch self {
        case .connect: .connect
        case .timeout: .timeout
        case .tooManyRequests: .tooManyRequests
        case .server: .server
        case .protocol: .protocol
        }
    }
}

extension RetryPolicyStatus {
    init(_ policy: PolicyInEffect, of upstream: String) {
        self.init(
            upstream: upstream, version: Int(policy.version), isDefault: policy.version == 0,
            policy: RetryPolicyDocument(policy.policy), author: policy.origin?.author,
            reason: policy.origin?.reason,
            at: (policy.origin?.at).map { Timestamp(timeOfDay: $0) })
    }
}

extension RetryPolicyRevision {
    init(_ version: PolicyVersion) {
        self.init(
            version: Int(version.version),
            policy: (try? PolicyBoard.read(version)).map { RetryPolicyDocument($0.policy) },
            author: version.author, reason: version.reason, at: Timestamp(timeOfDay: version.at))
    }
}

extension RetryPolicySuggestion {
    init(_ suggestion: PolicySuggestion) {
        self.init(
            suggested: true, policy: RetryPolicyDocument(suggestion.policy),
            reason: suggestion.reason, recoveriesCount: suggestion.recoveriesCount,
            recoveryP50Ms: suggestion.recoveryP50.milliseconds,
            recoveryP90Ms: suggestion.recoveryP90.milliseconds)
    }
}

extension SimulationTally {
    init(_ tally: SimulationReport.Tally) {
        self.init(
            calls: tally.calls, attempts: tally.attempts, successes: tally.successes,
            loadPermille: tally.loadPermille, successPermille: tally.successPermille)
    }
}

extension SimulatedPolicy {
    init(_ report: SimulationReport) {
        self.init(
            all: SimulationTally(report.all),
            duringFault: report.recovery.map { _ in SimulationTally(report.duringFault) },
            refusedByDeadline: report.refusedByDeadline, refusedByBudget: report.refusedByBudget,
            refusedByBreaker: report.refusedByBreaker,
            refusedByConcurrencyLimit: report.refusedByConcurrencyLimit,
            addedLatencyP50Ms: report.addedLatencyP50?.milliseconds,
            addedLatencyP99Ms: report.addedLatencyP99?.milliseconds,
            recoveryMs: report.recovery?.milliseconds)
    }
}

extension Duration {
    /// Whole milliseconds, not below 0.
    fileprivate var milliseconds: Int { max(0, Int(nanosecondsClamped / 1_000_000)) }
}
