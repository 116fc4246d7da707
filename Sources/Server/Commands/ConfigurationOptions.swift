// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// The options of commands that need the server's configuration.
struct ConfigurationOptions: ParsableArguments {
    @Option(help: "Configuration file, YAML or JSON (TELLER_CONFIG).")
    var config: String?

    @Option(help: "sqlite:PATH or any libpq connection string (TELLER_STORE).")
    var store: String?

    @Option(help: "HOST:PORT of the RPC port; several with commas (TELLER_LISTEN).")
    var listen: String?

    @Option(help: "development or production (TELLER_ENVIRONMENT).")
    var environment: String?

    @Option(
        name: .customLong("key-command"),
        help: ArgumentHelp(
            "Program that prints the hot wallet's key, for vaults (TELLER_TON_KEY_COMMAND).",
            valueName: "program argument…"))
    var keyCommand: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "Any configuration key; may be repeated. `teller config` lists them.",
            valueName: "key=value"))
    var settings: [String] = []

    /// The configuration of all sources, checked; it exits with 78 and a message when it is wrong.
    func load() throws -> ServerConfiguration {
        do {
            return try ServerConfiguration(try values())
        } catch {
            printError("teller: \(error)")
            throw Exit.configuration
        }
    }

    private func values() throws(ConfigurationError) -> SettingValues {
        var flags: [(key: String, text: String)] = []
        for setting in settings {
            guard let equals = setting.firstIndex(of: "=") else {
                throw .contradiction("--set takes key=value, not \(setting)")
            }
            flags.append(
                (String(setting[..<equals]), String(setting[setting.index(after: equals)...])))
        }
        for (key, value) in [
            ("store", store), ("listen", listen), ("environment", environment),
            ("ton.keyCommand", keyCommand),
        ] {
            if let value { flags.append((key, value)) }
        }
        let environment = ProcessInfo.processInfo.environment
        var file: (name: String, text: String)?
        if let path = config ?? environment["TELLER_CONFIG"] {
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw .unreadableFile(path, problem: "there is no such UTF-8 text file")
            }
            file = (path, text)
        }
        return try SettingValues(flags: flags, environment: environment, file: file)
    }
}

/// Writes a line to standard error.
func printError(_ line: String) {
    FileHandle.standardError.write(Data((line + "\n").utf8))
}
