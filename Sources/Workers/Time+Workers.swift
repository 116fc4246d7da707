// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Ledger
internal import TellerProtocol

extension LedgerClock {
    /// A time no row is younger than, though another instance's clock may be a day ahead.
    var latest: Timestamp { now().adding(milliseconds: 86_400_000) }
}

extension Duration {
    /// Whole milliseconds.
    var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
