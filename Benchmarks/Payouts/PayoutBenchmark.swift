// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Ledger
import Logging
import PostgresStore
import SQLiteStore
import Supervision
import TON
import TONPayments
import TellerProtocol
import Workers

/// Pays withdrawals on a chain that takes no time: what the ledger, the workers, signing and
/// reading the chain can do. Prints payouts a second from PENDING to CONFIRMED, and their number.
///
///     PayoutBenchmark STORE v4r2|v5r1|highload-v3 COUNT
@main
struct PayoutBenchmark {
    private static let amount: Int64 = 1_000_000
    /// Withdrawals that are asked for at the same time.
    private static let createdTogether = 500
    private static let timeMax: Duration = .seconds(600)

    private static let clock = LedgerClock {
        Timestamp(unixMilliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    }
    private static let logger = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }

    private let store: any LedgerStore & ChainStore
    private let account: AccountKey
    private let wallet: HotWallet
    private let chain: InstantChain
    private let bookkeeper: Bookkeeper

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let count = Int(arguments[3]), count > 0,
            let contract = contract(arguments[2])
        else {
            print("usage: PayoutBenchmark STORE v4r2|v5r1|highload-v3 COUNT")
            exit(64)
        }
        let benchmark = try PayoutBenchmark(arguments[1], contract)
        try await benchmark.fill(count)
        let seconds = try await benchmark.pay()
        try benchmark.check(count)
        print("\(Int(Double(count) / seconds)) \(count)")
        await benchmark.store.close()
    }

    private static func contract(_ name: String) -> WalletContract? {
        switch name {
        case "v4r2": .v4r2(walletID: WalletContract.defaultWalletID)
        case "v5r1": .v5r1(on: .mainnet)
        case "highload-v3":
            .highloadV3(subwalletID: WalletContract.defaultSubwalletID, timeoutSeconds: 3600)
        default: nil
        }
    }

    private init(_ location: String, _ contract: WalletContract) throws {
        let life: Int64 = 86_400_000
        store =
            if location.hasPrefix("sqlite:") {
                try SQLiteStore(
                    path: String(location.dropFirst("sqlite:".count)),
                    outcomeLifeMilliseconds: life)
            } else {
                try PostgresStore(
                    connectionString: location, outcomeLifeMilliseconds: life, readers: 4,
                    logger: Self.logger)
            }
        let key = try WalletKey(seed: [UInt8](repeating: 7, count: WalletKey.seedBytes))
        wallet = try HotWallet(contract, key: key, network: .mainnet)
        chain = try InstantChain(wallet.wallet, balance: 1_000_000_000_000_000)
        guard let name = AccountID("bench"), let tenant = TenantID("default"),
            let minimum = Nanotons(1), let maximum = Nanotons(1_000_000_000_000),
            let policy = WithdrawalPolicy(minimum: minimum, maximum: maximum, fee: .zero)
        else { throw WalletChainError("a name or an amount is wrong") }
        account = AccountKey(tenant: tenant, account: name)
        bookkeeper = Bookkeeper(store: store, policy: policy, clock: Self.clock)
    }

    /// A recipient nobody else pays to.
    private static func recipient(_ number: Int) throws -> TONAddress {
        let digits = String(number + 1, radix: 16)
        let hash = String(repeating: "0", count: 64 - digits.count) + digits
        return try WrittenTONAddress("0:\(hash)", on: .mainnet).address
    }

    private static func amount(_ number: Int) throws -> Nanotons {
        guard let amount = Nanotons(amount + Int64(number)) else {
            throw WalletChainError("too much")
        }
        return amount
    }

    /// Makes the withdrawals; nothing is paid yet.
    private func fill(_ count: Int) async throws {
        guard let credit = Nanotons(900_000_000_000_000) else { return }
        _ = try await bookkeeper.commit(
            .credit(
                CreditAccount(account: account, amount: credit, reference: nil, key: nil)))
        for start in stride(from: 0, to: count, by: Self.createdTogether) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in start..<min(start + Self.createdTogether, count) {
                    group.addTask {
                        let outcome = try await bookkeeper.commit(
                            bookkeeper.creation(
                                account: account, amount: try Self.amount(number),
                                destination: Destination(
                                    rawAddress: try Self.recipient(number).rawText,
                                    isBounceable: false),
                                comment: nil, key: nil))
                        guard case .created = outcome else {
                            throw WalletChainError("not accepted: \(outcome)")
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    /// Runs what pays until all is settled.
    ///
    /// - Returns: how long it took, in seconds.
    private func pay() async throws -> Double {
        let supervisor = try Supervisor(children: children(), logger: Self.logger)
        let start = ContinuousClock.now
        let running = Task { try? await supervisor.run() }
        var isSettled = false
        while !isSettled {
            guard ContinuousClock.now - start < Self.timeMax else {
                throw WalletChainError("not all is paid after \(Self.timeMax)")
            }
            try await Task.sleep(for: .milliseconds(20))
            isSettled = try await store.account(account)?.held == .zero
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        running.cancel()
        _ = await running.value
        return seconds
    }

    /// As in a server on TON (`TONPayer`), with a chain that can be asked as often as one likes.
    private func children() -> [Child] {
        var payments = PaymentsConfiguration()
        payments.pollInterval = .milliseconds(2)
        var rules = WorkersConfiguration()
        rules.batchPayoutsMax = 255
        rules.evidenceIntervalMin = .milliseconds(250)
        let workers = Workers(
            bookkeeper: bookkeeper,
            gateway: TONGateway(
                wallet: wallet, chain: chain, store: store, ledger: store, clock: Self.clock,
                configuration: payments, logger: Self.logger),
            clock: Self.clock, configuration: rules, logger: Self.logger)
        let watcher = WalletWatcher(
            wallet: wallet, chain: chain, store: store, bookkeeper: bookkeeper,
            clock: Self.clock, configuration: payments,
            trip: { problem in
                print("the books differ: \(problem)")
                exit(1)
            }, logger: Self.logger)
        return workers.children + [
            Child(name: WalletWatcher.name, policy: rules.policy) { try await watcher.run($0) }
        ]
    }

    /// Each has been paid once, to the nanoton.
    private func check(_ count: Int) throws {
        for number in 0..<count {
            let received = chain.received(by: try Self.recipient(number))
            guard received == [UInt64(try Self.amount(number).rawValue)] else {
                print("payment \(number): \(received)")
                exit(1)
            }
        }
    }
}
