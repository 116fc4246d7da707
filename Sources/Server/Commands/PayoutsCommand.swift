// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Ledger
import RPC
import Supervision
import TONPayments
import TellerProtocol
import Workers

struct PayoutsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "payouts", abstract: "Shows what was sent to the chain, and stops it.",
        subcommands: [List.self, Show.self, KillSwitch.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the hot wallet's messages in one state, oldest first.")

        @Option(help: "signed, released, executed, expired or void.")
        var state = "released"

        @Option(help: "How many at the most.")
        var limit = 50

        @OptionGroup var options: ConfigurationOptions

        func validate() throws {
            guard PayoutMessageState(rawValue: state) != nil else {
                throw ValidationError("there is no state \(state)")
            }
            guard (1...10_000).contains(limit) else {
                throw ValidationError("limit must be from 1 to 10000")
            }
        }

        func run() async throws {
            guard let state = PayoutMessageState(rawValue: state) else { throw Exit.usage }
            let configuration = try options.load()
            let wallet = try hotWallet(configuration)
            let messages = try await withStore(configuration) { opened in
                try await opened.chain.messages(of: wallet.name, in: [state], limit: limit)
            }
            for message in messages {
                let sum = message.items.reduce(Nanotons.zero) { $0.adding($1.amount) ?? .max }
                print(
                    "\(message.hash)  \(message.state.rawValue)  sequence \(message.sequence)  "
                        + "\(message.items.count) payments of \(sum)  \(message.createdAt)"
                        + (message.transactionHash.map { "  transaction \($0)" } ?? ""))
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows every message that was to pay a withdrawal, newest first.")

        @Argument(help: "The withdrawal's id.")
        var withdrawal: String

        @OptionGroup var options: ConfigurationOptions

        func validate() throws {
            guard WithdrawalID(withdrawal) != nil else {
                throw ValidationError("that is no withdrawal's id")
            }
        }

        func run() async throws {
            guard let id = WithdrawalID(withdrawal) else { throw Exit.usage }
            let configuration = try options.load()
            let (found, messages) = try await withStore(configuration) { opened in
                (
                    try await opened.ledger.withdrawal(id),
                    try await opened.chain.messages(paying: id)
                )
            }
            guard let found else {
                printError("teller: there is no withdrawal \(withdrawal)")
                throw ExitCode.failure
            }
            print(
                "\(found.id)  \(found.state.rawValue)  \(found.amount) to "
                    + "\(found.destination.rawAddress)")
            for message in messages {
                guard let item = message.items.first(where: { $0.withdrawal == id }) else {
                    continue
                }
                print("message \(message.hash)")
                print("    \(message.state.rawValue), sequence \(message.sequence)")
                print("    signed \(message.createdAt), last changed \(message.updatedAt)")
                print("    paid: \(item.isPaid.map { $0 ? "yes" : "no" } ?? "not known")")
                guard let hash = message.transactionHash else { continue }
                print("    transaction \(hash)")
                if let link = configuration.ton?.explorerLink(toTransaction: hash) {
                    print("    \(link)")
                }
            }
        }
    }

    struct KillSwitch: AsyncParsableCommand {
        enum Position: String, ExpressibleByArgument, CaseIterable { case on, off, status }

        static let configuration = CommandConfiguration(
            commandName: "kill-switch",
            abstract: "Stops payouts of every server on the store, or lets them go on.",
            discussion: "Running servers follow within a second. What was sent is still confirmed.")

        @Argument(help: "on, off or status.")
        var position: Position

        @Option(help: "Why; shown in task.status.")
        var reason: String?

        @OptionGroup var options: ConfigurationOptions

        func validate() throws {
            guard position == .status || reason?.isEmpty == false else {
                throw ValidationError("say why with --reason")
            }
        }

        func run() async throws {
            let now = RPCClock.system.wall.timeOfDay
            let standing = try await withStore(try options.load()) { opened in
                if position != .status {
                    _ = try await opened.tasks.insert(
                        TaskControlRecord(
                            task: Workers.dispatcherName,
                            action: position == .on ? .pause : .resume,
                            by: TaskBoard.killSwitchAuthor, reason: reason ?? "", at: now))
                }
                return try await opened.tasks.standingControls().map(\.record)
            }
            let order = standing.last { $0.task == Workers.dispatcherName }
            guard let order, order.action == .pause, order.until.map({ $0 > now }) ?? true else {
                print("payouts are on")
                return
            }
            print("payouts are off: \(order.reason) (by \(order.by))")
        }
    }
}
