// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Where a withdrawal stands.
public enum WithdrawalState: String, Sendable, CaseIterable {
    case pending = "PENDING"
    case processing = "PROCESSING"
    case sent = "SENT"
    case confirmed = "CONFIRMED"
    case cancelled = "CANCELLED"
    case failed = "FAILED"
    case returned = "RETURNED"
    case inReview = "IN_REVIEW"
}

/// What an entry of an account's journal records.
public enum EntryKind: String, Sendable, CaseIterable {
    case credit = "CREDIT"
    case hold = "HOLD"
    case release = "RELEASE"
    case capture = "CAPTURE"
    case `return` = "RETURN"
}
