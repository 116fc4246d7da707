// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import Ledger
import TellerProtocol

extension Row {
    /// The column's value as the type the schema promises.
    func value<Value: DatabaseValueConvertible>(
        _ column: Int, as type: Value.Type = Value.self
    ) throws -> Value {
        guard let value = Value.fromDatabaseValue(self[column]) else { throw corrupt(column) }
        return value
    }

    func nanotons(_ column: Int) throws -> Nanotons {
        guard let amount = Nanotons(try value(column, as: Int64.self)) else {
            throw corrupt(column)
        }
        return amount
    }

    /// A sum whose tons stand in one column and what is left of one in the next; one beyond the
    /// largest amount is that.
    func splitSum(_ column: Int) throws -> Nanotons {
        let tons = try value(column, as: Int64.self)
        let rest = try value(column + 1, as: Int64.self)
        let (whole, isTooLarge) = tons.multipliedReportingOverflow(by: 1_000_000_000)
        guard !isTooLarge, let whole = Nanotons(whole), let rest = Nanotons(rest) else {
            return .max
        }
        return whole.adding(rest) ?? .max
    }

    func time(_ column: Int) throws -> Timestamp {
        Timestamp(unixMilliseconds: try value(column))
    }

    func choice<Choice: RawRepresentable>(
        _ column: Int, as type: Choice.Type = Choice.self
    ) throws -> Choice where Choice.RawValue == String {
        guard let choice = Choice(rawValue: try value(column)) else { throw corrupt(column) }
        return choice
    }

    func accountKey(_ column: Int) throws -> AccountKey {
        guard let tenant = TenantID(try value(column)), let id = AccountID(try value(column + 1))
        else { throw corrupt(column) }
        return AccountKey(tenant: tenant, account: id)
    }

    func withdrawalID(_ column: Int) throws -> WithdrawalID {
        guard let id = WithdrawalID(blob: try value(column)) else { throw corrupt(column) }
        return id
    }

    func corrupt(_ column: Int) -> StoreError {
        StoreError(.corrupt, "column \(column) of \(columnNames.joined(separator: ", "))")
    }
}

extension WithdrawalID {
    var blob: Data { uuid.blob }

    init?(blob: Data) {
        guard let uuid = UUIDv7(blob: blob) else { return nil }
        self.init(uuid)
    }
}

extension DealID {
    var blob: Data { uuid.blob }
}

extension UUIDv7 {
    /// The 16 bytes the tables keep.
    var blob: Data {
        var bytes = Data(capacity: 16)
        for word in [high, low] {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        return bytes
    }

    init?(blob: Data) {
        guard blob.count == 16 else { return nil }
        let words = [blob.prefix(8), blob.suffix(8)].map {
            $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        self.init(high: words[0], low: words[1])
    }
}
