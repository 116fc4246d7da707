// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import TON
import TellerProtocol

// The ledger's records in the contract's words.

extension TellerProtocol.Withdrawal {
    init(_ record: Ledger.Withdrawal) {
        self.init(
            withdrawalId: record.id, accountId: record.account.account, amount: record.amount,
            fee: record.fee, destination: record.destination.contractText,
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
            kind: record.kind, availableDelta: SignedNanotons(record.availableDelta),
            heldDelta: SignedNanotons(record.heldDelta), available: record.available,
            held: record.held,
            withdrawalId: record.withdrawalID, reference: record.reference, at: record.at)
    }
}

extension Destination {
    init(_ written: WrittenTONAddress) {
        self.init(rawAddress: written.address.rawText, isBounceable: written.isBounceable)
    }

    /// The friendly form, with the bounce flag of what the caller typed.
    var contractText: String {
        // The raw form is the ledger's own, so it always parses.
        guard let written = try? WrittenTONAddress(rawAddress, on: .mainnet) else {
            return rawAddress
        }
        return written.address.friendlyText(isBounceable: isBounceable)
    }
}
