// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TellerClient
import TellerProtocol

/// Withdraws money the way a backend would, with nothing but the library's public names.
///
///     ExternalClient ENDPOINT JOURNAL [TOKEN]
@main
struct ExternalClient {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3 else {
            print("usage: ExternalClient ENDPOINT JOURNAL [TOKEN]")
            return
        }
        var configuration = ClientConfiguration(endpoint: arguments[1])
        configuration.token = arguments.dropFirst(3).first.flatMap { BearerToken($0) }
        configuration.keyJournal = try FileKeyJournal(path: arguments[2])
        configuration.deadline = .seconds(2)
        let client = try TellerClient(configuration: configuration)
        for call in await client.resumePending() {
            print("resumed \(call.entry.method) with key \(call.entry.key)")
        }
        do throws(TellerError) {
            try await withdraw(client)
        } catch {
            print("error: \(explain(error))")
        }
        await client.shutDown()
    }

    static func withdraw(_ client: TellerClient) async throws(TellerError) {
        guard let account = AccountID("alice"), let deposit = Nanotons(wire: "5000000000"),
            let amount = Nanotons(wire: "1500000000")
        else { return }
        _ = try await client.account.credit(
            accountId: account, amount: deposit, options: CallOptions(businessID: "deposit-7"))
        let created = try await client.withdraw.create(
            accountId: account, amount: amount,
            destination: "EQDtFpEwcFAEcRe5mLVh2N6C0x-_hJEM7W61_JLnSF74p4q2",
            options: CallOptions(deadline: .seconds(5), businessID: "order-123"))
        let watch = client.withdraw.watch(withdrawalId: created.withdrawal.withdrawalId)
        for try await event in watch { print(event.withdrawal.state) }
        print(watch.result?.withdrawal.state.rawValue ?? "unsettled")
    }

    static func explain(_ error: TellerError) -> String {
        switch error {
        case .rpc(let refusal): refusal.reason
        case .transport(let failure) where failure.kind == .unreachable: "unreachable"
        case .transport, .deadlineExceeded: "its outcome is open: resume it later"
        case .cancelled, .journal, .invalidResponse, .invalidArgument: "\(error)"
        }
    }
}
