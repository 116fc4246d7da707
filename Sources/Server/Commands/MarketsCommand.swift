// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Ledger
import RPC
import TellerProtocol

struct MarketsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "markets",
        abstract: "Shows what marketplaces are asked to do, and settles what nobody knows.",
        subcommands: [Operations.self, Resolve.self])

    struct Operations: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists a marketplace's operations that have not ended, oldest first.")

        @Argument(help: "mrkt, portals or tonnel.")
        var market: String

        @Option(help: "How many at the most.")
        var limit = 50

        @OptionGroup var options: ConfigurationOptions

        func validate() throws {
            guard MarketSettings.Name(rawValue: market) != nil else {
                throw ValidationError("there is no marketplace \(market)")
            }
            guard (1...10_000).contains(limit) else {
                throw ValidationError("limit must be from 1 to 10000")
            }
        }

        func run() async throws {
            let operations = try await withStore(try options.load()) { opened in
                try await opened.markets.openMarketOperations(of: market, limit: limit)
            }
            for operation in operations { print(operation.line) }
        }
    }

    struct Resolve: AsyncParsableCommand {
        enum Verdict: String, ExpressibleByArgument, CaseIterable {
            case done
            case notExecuted = "not-executed"

            var state: MarketOperationState { self == .done ? .done : .notExecuted }
        }

        static let configuration = CommandConfiguration(
            abstract: "Ends an operation of which nobody knows what became.",
            discussion: """
                Look at the marketplace first: with not-executed the caller may order the same again. \
                A withdrawal that is done so is credited to nobody; its deposit is assigned by \
                deposit.assign. Only what is UNKNOWN is ended.
                """)

        @Argument(help: "The operation's id.")
        var operation: String

        @Argument(help: "done or not-executed.")
        var verdict: Verdict

        @Option(help: "Why; shown as the operation's detail.")
        var note: String

        @OptionGroup var options: ConfigurationOptions

        func validate() throws {
            guard MarketOperationID(operation) != nil else {
                throw ValidationError("that is no operation's id")
            }
            guard (1...400).contains(note.unicodeScalars.count), !note.contains("\0") else {
                throw ValidationError("the note must have 1 to 400 characters")
            }
        }

        func run() async throws {
            guard let id = MarketOperationID(operation) else { throw Exit.usage }
            let resolution = try await withStore(try options.load()) { opened in
                try await opened.markets.resolve(
                    id, as: verdict.state, detail: "by an operator: \(note)",
                    at: RPCClock.system.wall)
            }
            switch resolution {
            case .resolved(let operation): print(operation.line)
            case .notUnknown(let state):
                throw refusal("the operation is \(state.rawValue), not UNKNOWN")
            case .missing: throw refusal("there is no operation \(id)")
            }
        }

        private func refusal(_ problem: String) -> ExitCode {
            printError("teller: \(problem)")
            return ExitCode.failure
        }
    }
}

extension MarketOperation {
    /// All that an operator looks for, on one line.
    fileprivate var line: String {
        let what =
            switch action {
            case .buy(let item, let price): "buy \(item) for \(price)"
            case .withdraw(let amount, let account):
                "withdraw \(amount) for \(account.tenant)/\(account.account)"
            }
        return "\(id)  \(state.rawValue)  \(market)  \(what)  \(createdAt)"
            + (sentAt.map { "  sent \($0)" } ?? "") + (remoteID.map { "  there \($0)" } ?? "")
            + (detail.map { "  (\($0))" } ?? "")
    }
}
