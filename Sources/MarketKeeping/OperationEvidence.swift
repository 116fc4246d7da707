// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Ledger
internal import Marketplaces
internal import TON
internal import TellerProtocol

/// What one look has found of an operation of which nobody knows what became.
struct OperationEvidence: Equatable {
    /// Whether the item is among the account's own; nil for a withdrawal.
    var isOwned: Bool?
    /// What the marketplace says of a withdrawal; nil when it says nothing.
    var status: WithdrawalStatus?
    /// The balance there.
    var balance: Nanotons

    enum Verdict: Equatable {
        case done(String)
        case accepted(String)
        case notExecuted(String)
        /// Nothing can be said yet. `isHint` when it looks as if it had not been carried out: enough
        /// such looks in a row are the proof.
        case unknown(String, isHint: Bool)
    }

    /// - Parameters:
    ///   - isSettled: whether what was sent has been carried out by now, or never will be.
    ///   - hints: looks in a row before this one that looked as if it had not been carried out.
    func verdict(
        on operation: MarketOperation, isSettled: Bool, hints: Int,
        _ configuration: MarketKeeperConfiguration
    ) -> Verdict {
        if isOwned == true { return .done("the item is the account's own") }
        switch status {
        case .completed: return .accepted("the marketplace says it was paid")
        case .pending, .other: return .accepted("the marketplace says it is on its way")
        case .failed: return .notExecuted("the marketplace says it failed")
        case nil: break
        }
        let amount = operation.action.amount
        guard let before = operation.balanceBefore else {
            return .unknown("the balance before is not known", isHint: false)
        }
        if balance == before {
            let isProven = isSettled && hints + 1 >= configuration.looksForProof
            return isProven
                ? .notExecuted("the balance has not changed and nothing else shows it")
                : .unknown("the balance has not changed", isHint: isSettled)
        }
        if case .withdraw = operation.action, let taken = before.subtracting(balance),
            amount <= taken, taken <= amount.adding(configuration.withdrawalFeeMax) ?? .max
        {
            return .accepted("the amount was taken from the balance")
        }
        return .unknown("the balance has changed by another amount", isHint: false)
    }
}

extension MarketOperation {
    /// Whether what arrives for one of two withdrawals could be taken for the other's money, the
    /// marketplace's fee being known only roughly. Equal amounts may change places: so much arrives
    /// for each.
    func mayBeMistaken(
        for other: MarketOperation, _ configuration: MarketKeeperConfiguration
    ) -> Bool {
        guard case .withdraw(let amount, _) = action, !configuration.senders.isEmpty,
            case .withdraw(let otherAmount, _) = other.action, amount != otherAmount
        else { return false }
        let (less, more) = (min(amount, otherAmount), max(amount, otherAmount))
        return more.subtracting(less).map { $0 <= configuration.withdrawalFeeMax } ?? true
    }
}

extension Deposit {
    /// Whether it may be the money of a withdrawal from the marketplace.
    func mayBring(
        _ operation: MarketOperation, _ configuration: MarketKeeperConfiguration
    ) -> Bool {
        guard case .withdraw(let asked, _) = operation.action, let sentAt = operation.sentAt,
            // The chain's clock and this one's may differ a little.
            sentAt.adding(milliseconds: -60_000) <= at,
            let missing = asked.subtracting(amount), missing <= configuration.withdrawalFeeMax
        else { return false }
        return configuration.senders.contains { $0.rawText == source }
    }
}
