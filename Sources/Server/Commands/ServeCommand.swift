// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Ledger
import Logging

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serves until SIGTERM or Ctrl-C, then drains.",
        discussion: """
            SIGHUP takes the TLS certificates anew. Exit codes: 0 after a drain, 78 for a wrong \
            configuration, 69 when the store or the address can't be had.
            """)

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let configuration = try options.load()
        let instruments = Instruments(configuration)
        instruments.bootstrapTracing()
        let logger = instruments.logger
        do {
            try await TellerServer(configuration, instruments: instruments).run()
        } catch {
            logger.critical("the server ended", metadata: ["error": "\(Self.detail(of: error))"])
            throw Exit.unavailable
        }
    }

    /// What an operator needs: of a store's failure more than callers are told.
    static func detail(of error: any Error) -> String {
        (error as? StoreError)?.debugDescription ?? "\(error)"
    }
}

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Brings the store's schema up to date and ends.",
        discussion: "`teller serve` does the same at its start; several at once are safe.")

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let configuration = try options.load()
        do {
            let opened = try OpenedStore(configuration, logger: Instruments(configuration).logger)
            await opened.ledger.close()
        } catch {
            printError("teller: \(ServeCommand.detail(of: error))")
            throw Exit.unavailable
        }
        print("the schema is up to date")
    }
}

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Lists every configuration key.")

    @Flag(help: "As the page docs/configuration.md.")
    var markdown = false

    func run() {
        if markdown {
            print(Setting.markdown, terminator: "")
            return
        }
        for setting in Setting.all {
            print("\(setting.key)  (\(setting.environmentName))")
            print("    \(setting.form)\(setting.standard.map { ", default \($0)" } ?? "")")
            print("    \(setting.help)")
        }
    }
}

struct OpenRPCCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "openrpc", abstract: "Prints the contract this program was built from.")

    func run() {
        print(ContractText.pretty)
    }
}
