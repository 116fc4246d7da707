// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Ledger
import TellerProtocol

struct SalesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sales", abstract: "Shows auctions and presales that need an operator.",
        subcommands: [SetAside.self, TakeUp.self])

    struct SetAside: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists those that were due and could not be settled, with their errors.")

        @Option(help: "How many at the most.")
        var limit = 50

        @OptionGroup var options: ConfigurationOptions

        func validate() throws {
            guard (1...10_000).contains(limit) else {
                throw ValidationError("limit must be from 1 to 10000")
            }
        }

        func run() async throws {
            let deals = try await withStore(try options.load()) { opened in
                try await opened.deals.dealsSetAside(limit: limit)
            }
            for row in deals {
                print("\(row.id)  \(row.deal.map(Self.text) ?? "unreadable")  error: \(row.error)")
            }
        }

        private static func text(_ deal: Deal) -> String {
            "\(deal.kind.rawValue) \(deal.state.rawValue)  tenant \(deal.seller.tenant)  seller "
                + "\(deal.seller.account)"
                + (deal.buyer.map { "  \(deal.bid) of \($0.account)" } ?? "")
        }
    }

    struct TakeUp: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lets the workers settle one again that was set aside.")

        @Argument(help: "The auction's or presale's id.")
        var sale: String

        @OptionGroup var options: ConfigurationOptions

        func validate() throws {
            guard DealID(sale) != nil else {
                throw ValidationError("that is no auction's or presale's id")
            }
        }

        func run() async throws {
            guard let id = DealID(sale) else { throw Exit.usage }
            let isTaken = try await withStore(try options.load()) { opened in
                try await opened.deals.takeUp(id)
            }
            guard isTaken else {
                printError("teller: \(sale) is not set aside")
                throw ExitCode.failure
            }
        }
    }
}
