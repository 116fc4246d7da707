// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import TellerProtocol

/// Writes everything that follows from the contract, and says when it hasn't been written.
@main
struct ContractCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "teller-contract",
        abstract: "Works on the contract, proto-docs/teller.openrpc.json.",
        subcommands: [Generate.self, Check.self, Breaking.self])

    static let contractPath = "proto-docs/teller.openrpc.json"

    struct Options: ParsableArguments {
        @Option(help: "The project's folder.")
        var root = "."

        func readContract() throws -> Contract {
            try Contract(read(ContractCommand.contractPath))
        }

        func read(_ path: String) throws -> [UInt8] {
            let url = URL(filePath: root).appending(path: path)
            guard let data = try? Data(contentsOf: url) else {
                throw ValidationError("\(path) can't be read")
            }
            return Array(data)
        }
    }

    struct Generate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes types, services, client methods and the reference.")

        @OptionGroup var options: Options

        func run() throws {
            let contract = try options.readContract()
            for file in GeneratedFile.all(of: contract) {
                let url = URL(filePath: options.root).appending(path: file.path)
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                if (try? options.read(file.path)) != Array(file.text.utf8) {
                    try file.text.write(to: url, atomically: true, encoding: .utf8)
                    print("wrote \(file.path)")
                }
            }
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Fails when a generated file is stale.")

        @OptionGroup var options: Options

        func run() throws {
            let contract = try options.readContract()
            let stale = GeneratedFile.all(of: contract).filter {
                (try? options.read($0.path)) != Array($0.text.utf8)
            }
            guard stale.isEmpty else {
                for file in stale { print("stale: \(file.path)") }
                print("run `swift run teller-contract generate`")
                throw ExitCode.failure
            }
        }
    }

    struct Breaking: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists what breaks callers of an older contract.")

        @Argument(help: "The older contract's file.")
        var old: String

        @OptionGroup var options: Options

        func run() throws {
            guard let data = try? Data(contentsOf: URL(filePath: old)) else {
                throw ValidationError("\(old) can't be read")
            }
            let changes = BreakingChanges(
                from: try Contract(Array(data)), to: try options.readContract()
            ).changes
            for change in changes { print(change) }
            if !changes.isEmpty { throw ExitCode.failure }
        }
    }
}

/// A file that follows from the contract.
struct GeneratedFile {
    let path: String
    let text: String

    static func all(of contract: Contract) -> [GeneratedFile] {
        let types = SwiftTypes(contract: contract)
        let folder = "Sources/Protocol/Generated"
        return [
            GeneratedFile(path: "\(folder)/Types.swift", text: types.types),
            GeneratedFile(path: "\(folder)/Calls.swift", text: types.calls),
            GeneratedFile(path: "\(folder)/ErrorReason.swift", text: types.errors),
            GeneratedFile(path: "\(folder)/ContractDocument.swift", text: types.document),
            GeneratedFile(
                path: "Sources/RPC/Generated/Services.swift",
                text: SwiftServices(contract: contract).source),
            GeneratedFile(
                path: "Sources/Client/Generated/Methods.swift",
                text: SwiftClient(contract: contract).source),
            GeneratedFile(
                path: "proto-docs/reference.md", text: Reference(contract: contract).markdown),
        ]
    }
}
