// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Ledger
import Logging
import PostgresStore
import TellerProtocol

/// Commits withdrawals one after another, straight through libpq: what a lone `withdraw.create`
/// costs without the service around its statements. Prints the rate.
///
///     StoreBenchmark CONNECTION-STRING SECONDS ACCOUNTS
@main
struct StoreBenchmark {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let seconds = Int(arguments[2]),
            let accounts = UInt64(arguments[3]), let tenant = TenantID("default"),
            let amount = Nanotons(10_000_000), let fee = Nanotons(5_000_000)
        else {
            print("usage: StoreBenchmark CONNECTION-STRING SECONDS ACCOUNTS")
            exit(64)
        }
        let store = try PostgresStore(
            connectionString: arguments[1], outcomeLifeMilliseconds: 86_400_000, writers: 1,
            readers: 1, logger: Logger(label: "bench"))
        let clock = LedgerClock {
            Timestamp(unixMilliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        }
        let ids = WithdrawalIDGenerator(clock: clock)
        let address = "0:ca6e321c7cce9ecedf0a8ca2492ec8592494aa5fb5ce0387dff96ef6af982a3e"
        let start = ContinuousClock.now
        var count = 0
        while ContinuousClock.now - start < .seconds(seconds) {
            count += 1
            guard let account = AccountID("bench-\(UInt64.random(in: 1...accounts))") else { break }
            let outcome = try store.commit(
                [
                    .create(
                        CreateWithdrawal(
                            id: ids.next(), account: AccountKey(tenant: tenant, account: account),
                            amount: amount,
                            destination: Destination(rawAddress: address, isBounceable: false),
                            comment: nil, key: IdempotencyKey("alone-\(count)"),
                            admission: .admitted(fee: fee)))
                ], at: clock.now())
            guard case .created = outcome[0] else {
                print("not accepted: \(outcome[0])")
                exit(1)
            }
        }
        print(Int(Double(count) / ((ContinuousClock.now - start) / .seconds(1))))
    }
}
