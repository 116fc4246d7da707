// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import Synchronization
import TellerProtocol

/// What accounts and operators need to know of deposits to the hot wallet.
final class DepositDesk: Sendable {
    /// What can't be confused with another character when it is copied by hand.
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    private static let memoCharacters = 10
    /// A memo is one of 2⁵⁰: that three in a row are taken means something else is wrong.
    private static let attemptsMax = 3

    let store: any ChainStore
    /// The hot wallet's address in raw form.
    let wallet: String
    /// The same as people are to write it.
    private let address: String
    private let known = Mutex(RecentValues<AccountKey, DepositMemo>())

    init(store: any ChainStore, wallet: String, address: String) {
        self.store = store
        self.wallet = wallet
        self.address = address
    }

    /// Where `account`'s money is to be sent; its memo is made when it has none.
    func target(of account: AccountKey) async throws(StoreError) -> DepositTarget {
        let memo = try await memo(of: account)
        return DepositTarget(
            address: address, memo: memo.text,
            link: "ton://transfer/\(address)?text=\(memo.text)")
    }

    private func memo(of account: AccountKey) async throws(StoreError) -> DepositMemo {
        if let memo = known.withLock({ $0[account] }) { return memo }
        var attempts = 0
        while true {
            attempts += 1
            do throws(StoreError) {
                let memo = try await store.memo(of: account, orElse: Self.randomMemo())
                known.withLock { $0[account] = memo }
                return memo
            } catch {
                // Another account has that one.
                guard error.code == .rejected, attempts < Self.attemptsMax else { throw error }
            }
        }
    }

    private static func randomMemo() -> DepositMemo {
        var generator = SystemRandomNumberGenerator()
        return DepositMemo(
            String(
                (0..<memoCharacters).map { _ in
                    alphabet[Int.random(in: alphabet.indices, using: &generator)]
                }))
    }

    /// The deposit with this logical time.
    func deposit(_ lt: LogicalTime) async throws(StoreError) -> Deposit? {
        guard lt < .max else { return nil }
        return try await store.deposits(of: wallet, state: nil, before: lt + 1, limit: 1)
            .first { $0.lt == lt }
    }
}

extension ReceivedDeposit {
    /// Characters of a stranger's comment that are shown.
    private static let commentCharactersMax = 200

    init(_ deposit: Deposit) {
        self.init(
            depositId: String(deposit.lt), transactionHash: deposit.transactionHash,
            source: deposit.source, amount: deposit.amount,
            comment: deposit.comment.map(Self.shown),
            state: ReceivedDepositState(deposit.state),
            tenant: deposit.account?.tenant.text, accountId: deposit.account?.account,
            at: deposit.at)
    }

    /// The comment without what could make a mess of a terminal or a page.
    private static func shown(_ comment: String) -> String {
        var text = ""
        for scalar in comment.unicodeScalars.prefix(commentCharactersMax) {
            let isControl =
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: true
                default: false
                }
            text.unicodeScalars.append(isControl ? "\u{FFFD}" : scalar)
        }
        return text
    }
}

extension ReceivedDepositState {
    fileprivate init(_ state: DepositState) {
        self =
            switch state {
            case .credited: .credited
            case .unmatched: .unmatched
            case .assigned: .assigned
            }
    }
}

extension DepositState {
    init(_ state: ReceivedDepositState) {
        self =
            switch state {
            case .credited: .credited
            case .unmatched: .unmatched
            case .assigned: .assigned
            }
    }
}
