// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TellerProtocol

// The ledger's records in the contract's words.

extension TellerProtocol.Withdrawal {
    init(_ record: Ledger.Withdrawal) {
        self.init(
            withdrawalId: record.id, accountId: record.account.account, amount: record.amount,
            fee: record.fee, destination: record.destination.friendlyText,
            comment: record.comment, state: record.state, createdAt: record.createdAt,
            updatedAt: record.updatedAt, transactionHash: record.transactionHash,
            failureReason: record.failureReason)
    }
}

extension TellerProtocol.Account {
    init(_ record: Ledger.Account) {
        self.init(
            accountId: record.key.account, available: record.available, held: record.held,
            createdAt: record.createdAt, updatedAt: record.updatedAt)
    }
}

extension TellerProtocol.Entry {
    init(_ record: Ledger.Entry) {
        self.init(
            entryId: String(record.sequence), accountId: record.account.account,
            kind: record.kind, availableDelta: String(record.availableDelta),
            heldDelta: String(record.heldDelta), available: record.available, held: record.held,
            withdrawalId: record.withdrawalID, reference: record.reference, at: record.at)
    }
}
