// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Ledger
import RPC
import TellerProtocol

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Manages API tokens.",
        subcommands: [Create.self, List.self, Revoke.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a token and prints it, this once.",
            discussion: "Scopes: \(ContractDocument.scopes.joined(separator: ", ")).")

        @Option(help: "What to call it; unique.")
        var name: String

        @Option(help: "The tenant whose accounts it may use.")
        var tenant = TenantID.standard.text

        @Option(help: "What it may do, with commas between; all when left out.")
        var scopes: String?

        @Option(help: "Days until it ends; never when left out.")
        var days: Int?

        @OptionGroup var options: ConfigurationOptions

        func validate() throws {
            guard TenantID(tenant) != nil else { throw ValidationError("that is no tenant") }
            guard (1...64).contains(name.count) else {
                throw ValidationError("a name has 1 to 64 characters")
            }
            for scope in scopeNames where !ContractDocument.scopes.contains(scope) {
                throw ValidationError("there is no scope \(scope)")
            }
            if let days, !(1...36_500).contains(days) {
                throw ValidationError("days must be from 1 to 36500")
            }
        }

        private var scopeNames: [String] {
            scopes?.split(separator: ",").map(String.init) ?? ContractDocument.scopes
        }

        func run() async throws {
            guard let tenant = TenantID(tenant) else { throw Exit.usage }
            let now = RPCClock.system.wall
            var generator = SystemRandomNumberGenerator()
            let (text, digest) = BearerToken.generate(using: &generator)
            let record = TokenRecord(
                name: name, tenant: tenant, digest: digest.bytes, scopes: scopeNames,
                createdAt: now,
                expiresAt: days.map { now.adding(milliseconds: Int64($0) * 86_400_000) },
                revokedAt: nil)
            let isNew = try await withCredentials(options) { store in
                try await store.insertToken(record)
            }
            guard isNew else {
                printError("teller: there is a token named \(name) already")
                throw ExitCode.failure
            }
            print(text)
            printError("This is the only time the token is shown.")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the tokens.")

        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let now = RPCClock.system.wall
            let tokens = try await withCredentials(options) { try await $0.tokens() }
            for token in tokens {
                let state =
                    if let revoked = token.revokedAt {
                        "revoked \(revoked)"
                    } else if let end = token.expiresAt {
                        end <= now ? "expired \(end)" : "valid until \(end)"
                    } else { "valid" }
                print(
                    "\(token.name)  tenant=\(token.tenant)  "
                        + "\(token.scopes.joined(separator: ","))  \(state)")
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ends a token; running servers refuse it within a second.")

        @Argument(help: "The token's name.")
        var name: String

        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let wasValid = try await withCredentials(options) {
                try await $0.revokeToken(named: name, at: RPCClock.system.wall)
            }
            guard wasValid else {
                printError("teller: there is no valid token named \(name)")
                throw ExitCode.failure
            }
        }
    }
}

/// Opens the configured store for one operation on its tokens.
private func withCredentials<Value: Sendable>(
    _ options: ConfigurationOptions, _ body: (any CredentialStore) async throws -> Value
) async throws -> Value {
    try await withStore(try options.load()) { try await body($0.credentials) }
}
