// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Ledger
import RPC
import TON
import TONPayments
import TellerProtocol

struct TONCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ton", abstract: "Shows the hot wallet, and settles what nobody asked it for.",
        subcommands: [WalletCommand.self, Balance.self, Scan.self])

    struct WalletCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "wallet", abstract: "Shows the hot wallet's contract, address and key.")

        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let configuration = try options.load()
            let wallet = try hotWallet(configuration)
            print("contract    \(wallet.wallet.contract)")
            print("address     \(wallet.friendlyText)")
            print("raw         \(wallet.name)")
            print("public key  \(wallet.wallet.publicKey.hex)")
        }
    }

    struct Balance: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows what the wallet has on the chain, and what its transactions add up to."
        )

        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let configuration = try options.load()
            let wallet = try hotWallet(configuration)
            let state = try await chainState(configuration, wallet)
            let position = try await withStore(configuration) {
                try await $0.chain.position(of: wallet.name)
            }
            print("on the chain  \(state.balance), as of \(state.time)")
            print("deployed      \(state.isDeployed ? "yes" : "no")")
            guard let position else {
                print("in the store  nothing has been read yet")
                return
            }
            print("in the store  \(position.balance), read until \(position.readUntil)")
            print("received      \(position.received)")
            print("sent          \(position.sent)")
            print("fees          \(position.fees)")
            guard position.lt == state.newest?.lt ?? 0 else {
                print("There are transactions that have not been read yet.")
                return
            }
            guard position.balance == state.balance else {
                printError("teller: the two differ")
                throw ExitCode.failure
            }
        }

        private func chainState(
            _ configuration: ServerConfiguration, _ wallet: HotWallet
        ) async throws -> WalletState {
            let board = UpstreamBoard(clock: .system, observer: nil)
            do {
                guard let chain = try configuration.ton?.chain(on: board) else {
                    throw Exit.configuration
                }
                let state = try await ToncenterWallet(wallet, through: chain).state()
                await board.close()
                return state
            } catch {
                await board.close()
                printError("teller: \(error)")
                throw Exit.unavailable
            }
        }
    }

    struct Scan: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists payments that left the wallet and that the store does not explain.",
            discussion: """
                A server pays nothing while one is open. After the store was put back to an older \
                state they are payments it has lost: --match takes the withdrawal that one has paid \
                to CONFIRMED. With --acknowledge an operator says that one was something else.
                """)

        @Option(help: "LT=WITHDRAWAL-ID: the payment with this LT has paid the withdrawal.")
        var match: String?

        @Option(help: "LT of a payment that paid none of the store's withdrawals; or all.")
        var acknowledge: String?

        @Option(help: "Why; kept with it.")
        var reason: String?

        @OptionGroup var options: ConfigurationOptions

        func validate() throws {
            guard match == nil || acknowledge == nil else {
                throw ValidationError("one of --match and --acknowledge")
            }
            guard acknowledge == nil || reason?.isEmpty == false else {
                throw ValidationError("say why with --reason")
            }
            if let match, Self.pair(match) == nil {
                throw ValidationError("--match takes LT=WITHDRAWAL-ID")
            }
            if let acknowledge, acknowledge != "all", LogicalTime(acknowledge) == nil {
                throw ValidationError("--acknowledge takes an LT, or all")
            }
        }

        private static func pair(_ text: String) -> (LogicalTime, WithdrawalID)? {
            let parts = text.split(separator: "=")
            guard parts.count == 2, let lt = LogicalTime(parts[0]),
                let id = WithdrawalID(String(parts[1]))
            else { return nil }
            return (lt, id)
        }

        func run() async throws {
            let configuration = try options.load()
            let wallet = try hotWallet(configuration)
            try await withStore(configuration) { opened in
                let desk = StrayDesk(
                    wallet: wallet.name, chain: opened.chain, ledger: opened.ledger,
                    clock: RPCClock.system)
                if let (lt, id) = match.flatMap(Self.pair) {
                    try await desk.match(lt, to: id, note: reason ?? "matched by an operator")
                } else if let acknowledge {
                    try await desk.acknowledge(LogicalTime(acknowledge), note: reason ?? "")
                }
                let open = try await desk.open()
                print(open.isEmpty ? "every payment is explained" : "open payments:")
                for stray in open { try await show(stray, desk, configuration) }
            }
        }

        private func show(
            _ stray: StrayPayment, _ desk: StrayDesk, _ configuration: ServerConfiguration
        ) async throws {
            print("lt \(stray.lt)  \(stray.amount) to \(stray.destination)  \(stray.at)")
            if let comment = stray.comment { print("    comment \(comment.debugDescription)") }
            print("    transaction \(stray.transactionHash)")
            if let link = configuration.ton?.explorerLink(toTransaction: stray.transactionHash) {
                print("    \(link)")
            }
            for withdrawal in try await desk.candidates(for: stray) {
                print(
                    "    matches \(withdrawal.id), \(withdrawal.state.rawValue): "
                        + "--match \(stray.lt)=\(withdrawal.id)")
            }
        }
    }
}
