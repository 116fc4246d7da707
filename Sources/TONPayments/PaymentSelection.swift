// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Ledger
internal import TON
internal import TellerProtocol

/// Chooses the withdrawals that one message pays: those the wallet has money for, in order, no two
/// of them alike. Pure.
struct PaymentSelection {
    enum Verdict: Equatable {
        case added
        /// Not in this message.
        case postponed
        /// It can never be paid; the reason is safe to show.
        case impossible(String)
    }

    private struct Likeness: Hashable {
        let destination: String
        let amount: Nanotons
        let bodyHash: String
    }

    private(set) var payments: [Payment] = []
    private(set) var items: [PayoutItem] = []
    /// Why one was postponed for want of money; nil when none was.
    private(set) var obstacle: String?
    private var left: Nanotons
    private let balance: Nanotons
    private let perPayment: Nanotons
    private var chosen: Set<Likeness> = []

    /// - Parameters:
    ///   - balance: what the wallet has.
    ///   - perMessage: what the message itself takes beside its payments; nil for nothing.
    init(balance: Nanotons, _ configuration: PaymentsConfiguration, perMessage: Nanotons?) {
        self.balance = balance
        let reserve = configuration.reserve.adding(perMessage ?? .zero) ?? .max
        left = balance.subtracting(reserve) ?? .zero
        perPayment = configuration.reservePerPayment
    }

    mutating func add(_ withdrawal: Ledger.Withdrawal) throws -> Verdict {
        guard
            let address = try? WrittenTONAddress(withdrawal.destination.rawAddress, on: .testnet)
                .address
        else { return .impossible("the destination is no TON address") }
        let payment = try Payment(
            destination: address, isBounceable: withdrawal.destination.isBounceable,
            nanotons: UInt64(withdrawal.amount.rawValue), comment: withdrawal.comment)
        let item = PayoutItem(
            withdrawal: withdrawal.id, destination: address.rawText, amount: withdrawal.amount,
            bodyHash: payment.body.hash.hex)
        let likeness = Likeness(
            destination: item.destination, amount: item.amount, bodyHash: item.bodyHash)
        guard !chosen.contains(likeness) else { return .postponed }
        // In order: a smaller one doesn't overtake one that waits for money.
        guard obstacle == nil, let cost = withdrawal.amount.adding(perPayment),
            let rest = left.subtracting(cost)
        else {
            obstacle =
                "the wallet has \(balance), too little for a payment of \(withdrawal.amount) and "
                + "the reserve for fees"
            return .postponed
        }
        left = rest
        chosen.insert(likeness)
        payments.append(payment)
        items.append(item)
        return .added
    }
}
