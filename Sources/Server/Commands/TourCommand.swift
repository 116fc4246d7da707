// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Logging
import ServiceLifecycle
import Telemetry
import TellerClient
import TellerProtocol

struct TourCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tour",
        abstract: "Serves on the embedded store and makes a first withdrawal.",
        discussion: "It says what it does, prints what to try next, and serves until Ctrl-C.")

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let configuration = try options.load()
        // The tour's own lines shall not drown in the server's.
        let instruments = Instruments(configuration)
        instruments.bootstrapTracing()
        if configuration.logLevel == .info { instruments.logs.level = .warning }
        let (ports, announcement) = AsyncStream.makeStream(of: Int.self)
        do {
            let server = try await TellerServer(configuration, instruments: instruments) { bound in
                announcement.yield(bound[0])
                announcement.finish()
            }
            try await server.run(companions: [Tour(ports: ports)])
            say("\nStopped; every call was answered and everything is kept.")
        } catch {
            printError("teller: the server ended: \(error)")
            throw Exit.unavailable
        }
    }
}

/// The first five minutes of a newcomer, made by the client library against the running server.
private struct Tour: Service {
    static let destination = "UQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPuwA"

    let ports: AsyncStream<Int>

    func run() async throws {
        for await port in ports {
            do {
                try await show("http://127.0.0.1:\(port)")
            } catch {
                printError("teller: the tour failed: \(error)")
                throw error
            }
        }
        try? await gracefulShutdown()
    }

    private func show(_ url: String) async throws {
        guard let alice = AccountID("alice"), let deposit = Nanotons(5_000_000_000),
            let amount = Nanotons(1_500_000_000)
        else { return }
        let client = try TellerClient(configuration: ClientConfiguration(endpoint: url))
        say("Teller serves on \(url); payments are simulated.\n")

        // A fresh order each time, so that the tour can be taken again on the same store.
        let order = "tour-\(UInt32.random(in: .min ... .max))"
        let credit = try await client.account.credit(
            accountId: alice, amount: deposit, reference: "first deposit")
        say("1. credited alice with \(deposit): available \(credit.account.available)")

        let first = try await client.withdraw.create(
            accountId: alice, amount: amount, destination: Self.destination,
            options: CallOptions(businessID: order))
        let id = first.withdrawal.withdrawalId
        say("2. withdrew \(amount), fee \(first.withdrawal.fee): \(id)")

        let again = try await client.withdraw.create(
            accountId: alice, amount: amount, destination: Self.destination,
            options: CallOptions(businessID: order))
        say("3. sent the same call with the same key: \(again.withdrawal.withdrawalId)")
        say("   replayed: \(again.replayed); nothing was debited twice")

        say("4. watched it:")
        let events = client.withdraw.watch(withdrawalId: id)
        for try await event in events {
            say("   \(event.at)  \(event.withdrawal.state.rawValue)")
        }
        let account = try await client.account.get(accountId: alice).account
        say("5. alice has \(account.available) available and \(account.held) held\n")
        await client.shutDown()
        say(Self.nextSteps(url, withdrawal: "\(id)"))
    }

    private static func nextSteps(_ url: String, withdrawal: String) -> String {
        """
        Go on with curl:

          curl -d '{"jsonrpc":"2.0","id":1,"method":"account.get","params":{"accountId":"alice"}}' \
        \(url)/rpc
          curl -d '{"jsonrpc":"2.0","id":2,"method":"withdraw.get","params":{"withdrawalId":"\
        \(withdrawal)"}}' \(url)/rpc
          curl -d '{"jsonrpc":"2.0","id":3,"method":"withdraw.create","params":{"accountId":"alice",\
        "amount":"1000000000","destination":"\(destination)","idempotencyKey":"order-1"}}' \(url)/rpc
          curl --http2-prior-knowledge \(url)/readyz

        Serving until Ctrl-C.
        """
    }
}

/// Writes a line at once, also when the output is no terminal.
private func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
}
