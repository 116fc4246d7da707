// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import TellerClient
import TellerProtocol

struct CallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "call", abstract: "Calls a method and prints its result.",
        discussion: """
            The params are a JSON object; `teller openrpc` shows what each method takes. \
            withdraw.create and account.credit get an idempotency key when the params have none. \
            The events of a stream (withdraw.watch, task.watch) are printed a line each.

            Example: teller call account.get '{"accountId":"alice"}'
            """)

    @Argument(help: "The method, such as withdraw.get.")
    var method: String

    @Argument(help: "Its params as JSON.")
    var params = "{}"

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue.parse(Array(params.utf8))
        } catch {
            throw ValidationError("the params are not JSON: \(error)")
        }
        guard document.members != nil else {
            throw ValidationError("the params must be a JSON object")
        }
        let contract = try JSONValue.parse(Array(ContractDocument.json.utf8))
        let declared = contract["methods"]?.elements?.first { $0["name"]?.string == method }
        try await withClient(options) { client throws(TellerError) in
            if declared?["x-stream"] != nil {
                try await follow(document, client)
            } else {
                let isKeyed = declared?["x-repeatable"]?.string == "with-key"
                let descriptor = MethodDescriptor<JSONValue, JSONValue>(
                    method, scope: "", repeatable: isKeyed ? .withKey : .always)
                print(try await client.call(descriptor, document).prettyText())
            }
        }
    }

    private func follow(_ params: JSONValue, _ client: TellerClient) async throws(TellerError) {
        let descriptor = StreamDescriptor<JSONValue, JSONValue, JSONValue>(method, scope: "")
        let stream = client.stream(descriptor, params)
        for try await event in stream {
            print(String(decoding: event.jsonBytes, as: UTF8.self))
        }
        if let result = stream.result { print(result.prettyText()) }
    }
}

struct AccountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account", abstract: "Works on accounts.", subcommands: [Credit.self])

    struct Credit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Adds money to an account, making it when there is none.")

        @Argument(help: "The account.")
        var account: String

        @Argument(help: "How much, in whole nanotons (1 TON is 1000000000).")
        var amount: String

        @Option(help: "Text kept with the entry.")
        var reference: String?

        @Option(help: "Idempotency key; repeating the command with it credits once.")
        var key: String?

        @OptionGroup var options: ClientOptions

        func run() async throws {
            guard let account = AccountID(account) else {
                throw ValidationError("an account is 1 to 64 of A–Z a–z 0–9 . _ : -")
            }
            guard let amount = Nanotons(wire: amount), amount > .zero else {
                throw ValidationError("an amount is a whole number of nanotons above 0")
            }
            var idempotencyKey: IdempotencyKey?
            if let key {
                idempotencyKey = IdempotencyKey(key)
                guard idempotencyKey != nil else {
                    throw ValidationError("a key is 1 to 255 printable ASCII characters")
                }
            }
            try await withClient(options) { client throws(TellerError) in
                let result = try await client.account.credit(
                    accountId: account, amount: amount, reference: reference,
                    idempotencyKey: idempotencyKey)
                print(
                    "\(result.account.accountId): available \(result.account.available), "
                        + "held \(result.account.held)\(result.replayed ? " (replayed)" : "")")
            }
        }
    }
}
