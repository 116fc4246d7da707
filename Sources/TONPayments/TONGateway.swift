// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Ledger
package import Logging
internal import Synchronization
internal import TON
package import TellerProtocol
package import Workers

/// Pays withdrawals from the hot wallet.
///
/// It concludes nothing from the chain: it signs what the wallet's position in the store allows,
/// sends what is released, and reads from the store what the watcher has found.
package final class TONGateway: PayoutGateway {
    package let name = "ton"
    package let isSimulator = false

    private let wallet: HotWallet
    private let chain: any WalletChain
    private let store: any ChainStore
    private let ledger: any LedgerStore
    private let clock: LedgerClock
    private let configuration: PaymentsConfiguration
    private let logger: Logger
    /// The state that `select` has found to be in order, for the signature that follows.
    private let looked = Mutex<Look?>(nil)

    /// What is needed to sign, as of one moment.
    struct Look: Sendable {
        let state: WalletState
        let sequence: Int64
    }

    package init(
        wallet: HotWallet, chain: any WalletChain, store: any ChainStore, ledger: any LedgerStore,
        clock: LedgerClock, configuration: PaymentsConfiguration, logger: Logger
    ) {
        self.wallet = wallet
        self.chain = chain
        self.store = store
        self.ledger = ledger
        self.clock = clock
        self.configuration = configuration
        var logger = logger
        logger[metadataKey: "wallet"] = "\(wallet.name)"
        self.logger = logger
    }

    // MARK: - Choosing

    package func select(
        from queue: [Ledger.Withdrawal], fence: Fence?
    ) async throws -> PayoutSelection {
        let state: WalletState
        do throws(WalletChainError) {
            state = try await chain.state()
        } catch {
            return PayoutSelection(obstacle: "chain: \(error)")
        }
        let position = try await store.position(of: wallet.name)
        if let obstacle = try await obstacle(at: state, position) {
            return PayoutSelection(obstacle: obstacle)
        }
        guard let sequence = try await nextSequence(at: state, fence) else {
            return PayoutSelection()
        }
        var selection = PaymentSelection(
            balance: state.balance, configuration,
            perMessage: wallet.isHighload ? Nanotons(chain: Wallet.batchNanotons) : nil)
        var chosen: [Ledger.Withdrawal] = []
        for withdrawal in queue where chosen.count < wallet.wallet.contract.paymentsMax {
            if try selection.add(withdrawal) != .postponed { chosen.append(withdrawal) }
        }
        looked.withLock { $0 = Look(state: state, sequence: sequence) }
        return PayoutSelection(
            withdrawals: chosen, obstacle: chosen.isEmpty ? selection.obstacle : nil)
    }

    /// The next message's place in the wallet's sequence; nil while it takes no more.
    private func nextSequence(at state: WalletState, _ fence: Fence?) async throws -> Int64? {
        let live = try await store.messages(
            of: wallet.name, in: [.signed, .released],
            limit: configuration.highloadMessagesMax + 1)
        for message in live where message.state == .signed {
            if try await !isComplete(message) { try await giveUp(message, fence) }
        }
        if wallet.isHighload {
            guard live.count < configuration.highloadMessagesMax else { return nil }
            return (try await store.lastSequence(of: wallet.name) ?? -1) + 1
        }
        // The wallet takes one message after another.
        return live.isEmpty ? state.seqno ?? 0 : nil
    }

    /// Why nothing may be signed now; nil when it may.
    private func obstacle(
        at state: WalletState, _ position: WalletPosition?
    ) async throws -> String? {
        let difference = Duration.seconds(clock.now().unixMilliseconds / 1000 - state.time)
        guard difference.magnitude <= configuration.clockDifferenceMax else {
            return
                "the chain's newest block is \(difference) from our clock: one of them is wrong, "
                + "or the chain stands still"
        }
        guard let position else { return "the wallet has not been read yet" }
        guard position.lt == state.newest?.lt ?? 0 else {
            return "the wallet's transactions have not been read up to now"
        }
        guard position.balance == state.balance else {
            return "the wallet's balance is not what its transactions add up to"
        }
        let stray = try await store.strayPayments(
            of: wallet.name, state: .open, before: nil, limit: 1)
        if let stray = stray.first {
            return "the chain holds payments that the store does not explain "
                + "(transaction \(stray.transactionHash)): see `teller ton scan`"
        }
        return nil
    }

    // MARK: - Signing

    package func prepare(
        _ withdrawals: [Ledger.Withdrawal], fence: Fence?
    ) async throws -> [WithdrawalID: PreparedPayout] {
        let look = looked.withLock { look in
            defer { look = nil }
            return look
        }
        guard let look else { return [:] }
        var selection = PaymentSelection(balance: .max, configuration, perMessage: nil)
        var prepared: [WithdrawalID: PreparedPayout] = [:]
        for withdrawal in withdrawals {
            if case .impossible(let reason) = try selection.add(withdrawal) {
                prepared[withdrawal.id] = .refused(reason: reason)
            }
        }
        guard !selection.items.isEmpty else { return prepared }
        let message = try signWhatFits(selection, look)
        guard try await store.add(message, fence: fence) else {
            logger.warning("another message has its place", metadata: metadata(message))
            return prepared
        }
        logger.info("signed", metadata: metadata(message))
        for item in message.items {
            prepared[item.withdrawal] = .signed(
                Payout(
                    withdrawalID: item.withdrawal, gateway: name, reference: message.hash,
                    payload: [], createdAt: message.createdAt))
        }
        return prepared
    }

    /// Signs as many of the payments, in order, as one message can hold: long comments take room.
    private func signWhatFits(
        _ selection: PaymentSelection, _ look: Look
    ) throws -> PayoutMessage {
        var count = selection.items.count
        while true {
            do {
                return try sign(
                    selection.payments.prefix(count), selection.items.prefix(count), look)
            } catch WalletError.messageTooLarge where count > 1 {
                count /= 2
            }
        }
    }

    private func sign(
        _ payments: ArraySlice<Payment>, _ items: ArraySlice<PayoutItem>, _ look: Look
    ) throws -> PayoutMessage {
        let sequence: TransferSequence
        let validUntil: Int64
        switch wallet.wallet.contract {
        case .v4r2, .v5r1:
            validUntil = look.state.time + configuration.messageLifeSeconds
            sequence = .seqno(
                UInt32(truncatingIfNeeded: look.sequence),
                validUntil: UInt32(truncatingIfNeeded: validUntil))
        case .highloadV3(_, let timeout):
            let createdAt = look.state.time - configuration.highloadBackdateSeconds
            validUntil = createdAt + Int64(timeout)
            guard
                let query = HighloadQueryID(
                    number: Int(look.sequence % Int64(HighloadQueryID.usableCount)))
            else { throw WalletError.otherSequence }
            sequence = .query(query, createdAt: UInt64(max(0, createdAt)))
        }
        let transfer = try wallet.wallet.signedTransfer(
            of: Array(payments), sequence: sequence, isDeploying: !look.state.isDeployed,
            key: wallet.key)
        let now = clock.now()
        return PayoutMessage(
            hash: transfer.normalizedHash.hex, wallet: wallet.name, sequence: look.sequence,
            validUntil: validUntil, payload: transfer.bytes, createdAt: now, updatedAt: now,
            items: Array(items))
    }

    // MARK: - Sending

    package func submit(_ payouts: [Payout], fence: Fence?) async throws {
        let hashes = Set(payouts.map(\.reference))
        var failure: (any Error)?
        for message in try await store.messages(Array(hashes)).values.sorted(by: {
            $0.sequence < $1.sequence
        }) {
            do {
                try await submit(message, fence: fence)
            } catch let error as WalletChainError {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    private func submit(_ message: PayoutMessage, fence: Fence?) async throws {
        switch message.state {
        case .executed, .expired, .void: return
        case .signed:
            guard try await isComplete(message) else {
                try await giveUp(message, fence)
                return
            }
            guard
                try await store.moveMessage(
                    message.hash, from: .signed, to: .released, at: clock.now(), fence: fence)
            else { return }
            logger.info("released", metadata: metadata(message))
        case .released: break
        }
        try await chain.send(message.payload)
    }

    /// Whether every withdrawal that a signed message pays is `SENT` by it: a withdrawal's newest
    /// payout is of its last step there, and nothing leads on from it while the message is signed.
    private func isComplete(_ message: PayoutMessage) async throws -> Bool {
        let payouts = try await ledger.payouts(of: message.items.map(\.withdrawal))
        return message.items.allSatisfy { payouts[$0.withdrawal]?.reference == message.hash }
    }

    /// Ends a message that was never released and can't be any more; its withdrawals are then paid
    /// by others. While it is young, its dispatcher may still be at work.
    private func giveUp(_ message: PayoutMessage, _ fence: Fence?) async throws {
        let age = clock.now().unixMilliseconds - message.createdAt.unixMilliseconds
        guard .milliseconds(age) >= configuration.signedLife else { return }
        if try await store.moveMessage(
            message.hash, from: .signed, to: .void, at: clock.now(), fence: fence)
        {
            logger.warning("given up before it was sent", metadata: metadata(message))
        }
    }

    // MARK: - Evidence

    package func evidence(
        for payouts: [Payout]
    ) async throws -> [WithdrawalID: PayoutEvidence] {
        let messages = try await store.messages(Array(Set(payouts.map(\.reference))))
        var evidence: [WithdrawalID: PayoutEvidence] = [:]
        for payout in payouts {
            guard let message = messages[payout.reference],
                let item = message.items.first(where: { $0.withdrawal == payout.withdrawalID })
            else { continue }
            evidence[payout.withdrawalID] = Self.evidence(of: item, in: message)
        }
        return evidence
    }

    private static func evidence(
        of item: PayoutItem, in message: PayoutMessage
    ) -> PayoutEvidence {
        switch (message.state, item.isPaid) {
        case (.signed, _), (.released, _), (.executed, nil): .unknown
        case (.executed, true?):
            message.transactionHash.map { .confirmed(transactionHash: $0) } ?? .unknown
        case (.executed, false?): .notExecuted(reason: "the wallet could not make the payment")
        case (.expired, _): .notExecuted(reason: "the message was not executed in time")
        case (.void, _): .notExecuted(reason: "the message was not sent")
        }
    }

    private func metadata(_ message: PayoutMessage) -> Logger.Metadata {
        [
            "message": "\(message.hash)", "sequence": "\(message.sequence)",
            "payments": "\(message.items.count)", "valid_until": "\(message.validUntil)",
        ]
    }
}

extension Duration {
    fileprivate var magnitude: Duration { self < .zero ? .zero - self : self }
}
