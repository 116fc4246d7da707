// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Ledger
import TONPayments

/// Opens the configured store for one operation; it exits with 69 when it can't be had, and with 1
/// when the operation is refused.
func withStore<Value: Sendable>(
    _ configuration: ServerConfiguration, _ body: (OpenedStore) async throws -> Value
) async throws -> Value {
    do {
        let opened = try OpenedStore(configuration, logger: Instruments(configuration).logger)
        do {
            let value = try await body(opened)
            await opened.ledger.close()
            return value
        } catch {
            await opened.ledger.close()
            throw error
        }
    } catch let error as ExitCode {
        throw error
    } catch let refusal as StrayDesk.Refusal {
        printError("teller: \(refusal)")
        throw ExitCode.failure
    } catch {
        printError("teller: \(error)")
        throw Exit.unavailable
    }
}

/// The configured hot wallet; it exits with 78 when there is none, or its key can't be read.
func hotWallet(_ configuration: ServerConfiguration) throws -> HotWallet {
    guard let settings = configuration.ton else {
        printError("teller: this needs gateway.name = ton and its wallet's settings")
        throw Exit.configuration
    }
    do {
        return try HotWallet(settings, on: configuration.network)
    } catch {
        printError("teller: \(error)")
        throw Exit.configuration
    }
}
