// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// What becomes of a change of the chain's tables that carries commands.
package enum ChainPlan<Answer: Sendable>: Sendable {
    /// The change and these rows are written, and it is answered so.
    case write(BatchWrites, Answer)
    /// Nothing is written, and it is answered so.
    case refuse(Answer)
}

/// What the store found of an advance, beside what its commands need.
package struct AdvanceSnapshot: Sendable {
    /// A message as it is kept.
    package struct Message: Sendable {
        package let state: PayoutMessageState
        package let itemCount: Int

        package init(state: PayoutMessageState, itemCount: Int) {
            self.state = state
            self.itemCount = itemCount
        }
    }

    /// The version of the wallet's position; 0 when there is none.
    package var version: Int64 = 0
    /// Those of the advance's messages that are kept.
    package var messages: [MessageHash: Message] = [:]
    /// Whether any of the advance's deposits or stray payments is kept already.
    package var knowsPayments = false

    package init() {}
}

extension WalletAdvance {
    /// Decides the advance: pure, so that every store decides alike. The store has locked what it
    /// stands on.
    ///
    /// - Parameters:
    ///   - kept: what the chain's tables have of it.
    ///   - batch: what its commands and its fence need.
    package func plan(
        on kept: AdvanceSnapshot, _ batch: BatchSnapshot, at now: Timestamp,
        outcomeLifeMilliseconds: Int64
    ) -> ChainPlan<WalletAdvanceResult> {
        precondition(deposits.allSatisfy { $0.wallet == wallet })
        precondition(strayPayments.allSatisfy { $0.wallet == wallet })
        guard batch.holds(fence) else { return .refuse(.fenced) }
        guard kept.version == expectedVersion, !kept.knowsPayments, !hasDoubles,
            messages.allSatisfy({ message in
                guard let row = kept.messages[message.hash] else { return false }
                return row.state.mayEnd(as: message.state) && row.itemCount == message.items.count
            })
        else { return .refuse(.moved) }
        let plan = BatchPlan(
            commands, on: batch, at: now, outcomeLifeMilliseconds: outcomeLifeMilliseconds)
        guard plan.acceptsAll else {
            return .refuse(plan.isFenced ? .fenced : .refused(plan.outcomes))
        }
        return .write(plan.writes, .advanced(plan.outcomes))
    }

    private var hasDoubles: Bool {
        Set(deposits.map(\.lt)).count < deposits.count
            || Set(strayPayments.map(\.lt)).count < strayPayments.count
            || Set(messages.map(\.hash)).count < messages.count
    }
}

extension BatchSnapshot {
    /// Whether the fence, which the batch's needs named, still stands.
    package func holds(_ fence: Fence?) -> Bool {
        guard let fence else { return true }
        return epochs[fence.lease] == fence.epoch
    }
}

extension BatchPlan {
    /// Whether a command was refused because its lease has been taken anew.
    fileprivate var isFenced: Bool {
        outcomes.contains { if case .refused(.fenced) = $0 { true } else { false } }
    }
}

extension CreditAccount {
    /// Decides whether an unmatched deposit is credited: pure, so that every store decides alike.
    ///
    /// The amount must be the deposit's. A command whose key stands for an earlier credit changes
    /// nothing: that credit was another's.
    ///
    /// - Parameter deposit: as it is kept, locked; nil when it isn't.
    package func planAssignment(
        of deposit: Deposit?, on batch: BatchSnapshot, at now: Timestamp,
        outcomeLifeMilliseconds: Int64
    ) -> ChainPlan<LedgerOutcome?> {
        guard let deposit, deposit.state == .unmatched else { return .refuse(nil) }
        guard amount == deposit.amount else {
            return .refuse(
                .refused(.amountOutOfRange(minimum: deposit.amount, maximum: deposit.amount)))
        }
        let plan = BatchPlan(
            [.credit(self)], on: batch, at: now, outcomeLifeMilliseconds: outcomeLifeMilliseconds)
        guard case .credited = plan.outcomes[0] else { return .refuse(plan.outcomes[0]) }
        return .write(plan.writes, plan.outcomes[0])
    }
}

extension PayoutMessageState {
    /// Whether the drawing has a step from here to `next`.
    package func mayMove(to next: Self) -> Bool {
        switch (self, next) {
        case (.signed, .released), (.signed, .void), (.released, .executed), (.released, .expired):
            true
        default: false
        }
    }

    /// Whether an advance may write `end` over it.
    fileprivate func mayEnd(as end: Self) -> Bool {
        switch (self, end) {
        case (.released, .executed), (.released, .expired), (.executed, .executed): true
        default: false
        }
    }

    /// Whether a second message of the same sequence would contend with it.
    package var isLive: Bool {
        switch self {
        case .signed, .released, .executed: true
        case .expired, .void: false
        }
    }
}

extension DepositMemo {
    /// Characters at the most.
    package static let charactersMax = 64

    /// Whether it can name an account: 1 to 64 characters of visible ASCII. No other text is ever
    /// kept or found, whatever stands in a deposit's comment.
    package var isWellFormed: Bool {
        let bytes = text.utf8
        return !bytes.isEmpty && bytes.count <= Self.charactersMax
            && bytes.allSatisfy { (0x21...0x7E).contains($0) }
    }
}
