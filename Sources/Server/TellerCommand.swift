// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

@main
struct TellerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "teller",
        abstract: "A payout service: withdrawals that happen once.",
        discussion: """
            Begin with `teller tour`: it serves on an embedded store and makes a first withdrawal. \
            Configuration comes from flags, TELLER_… variables and a file; `teller config` lists \
            every key.
            """,
        version: InformationHandler.version,
        subcommands: [
            ServeCommand.self, TourCommand.self, MigrateCommand.self, HealthCommand.self,
            CallCommand.self, AccountCommand.self, TokenCommand.self, OpenRPCCommand.self,
            ConfigCommand.self, PayoutsCommand.self, SalesCommand.self, TONCommand.self,
            MarketsCommand.self,
        ])
}

/// Exit codes of `sysexits.h`, for scripts.
enum Exit {
    /// The caller used the command wrongly.
    static let usage = ExitCode(64)
    /// The server could not be reached or is not ready.
    static let unavailable = ExitCode(69)
    /// The configuration is wrong.
    static let configuration = ExitCode(78)
}
