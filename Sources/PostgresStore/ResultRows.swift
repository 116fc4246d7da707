// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import CLibpq
import Ledger
import TellerProtocol

/// The rows of one result, read as the binary values they are.
@safe
final class ResultRows {
    private let handle: OpaquePointer?

    /// Takes the result over; it is cleared when this object goes.
    init(_ handle: OpaquePointer?) { unsafe self.handle = handle }

    deinit { unsafe PQclear(handle) }

    var count: Int { unsafe Int(PQntuples(handle)) }

    var isPipelineSync: Bool { unsafe PQresultStatus(handle) == PGRES_PIPELINE_SYNC }

    /// - Throws: what the server said, by its SQLSTATE.
    func check() throws(StoreError) {
        switch unsafe PQresultStatus(handle) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return
        case PGRES_PIPELINE_ABORTED: throw StoreError(.unavailable, "an earlier statement failed")
        default: break
        }
        let state = unsafe PQresultErrorField(handle, Int32(Character("C").asciiValue ?? 0))
            .map { unsafe String(cString: $0) }
        let message = unsafe PQresultErrorMessage(handle).map { unsafe String(cString: $0) } ?? ""
        throw StoreError(Self.code(of: state ?? ""), "\(state ?? "no SQLSTATE"): \(message)")
    }

    /// PostgreSQL documentation, appendix A.
    private static func code(of state: String) -> StoreError.Code {
        switch state {
        // Serialization failure and deadlock pass; the transaction has been rolled back.
        case "40001", "40P01": .unavailable
        case _ where state.hasPrefix("22") || state.hasPrefix("23"): .rejected
        case "42P01", "42703": .schemaMismatch
        case _ where state.hasPrefix("XX"): .corrupt
        default: .unavailable
        }
    }

    // MARK: - Values

    func isNull(_ row: Int, _ column: Int) -> Bool {
        unsafe PQgetisnull(handle, Int32(row), Int32(column)) == 1
    }

    func int64(_ row: Int, _ column: Int) throws(StoreError) -> Int64 {
        try bigEndian(row, column, count: 8)
    }

    func bool(_ row: Int, _ column: Int) throws(StoreError) -> Bool {
        try bigEndian(row, column, count: 1) != 0
    }

    func text(_ row: Int, _ column: Int) throws(StoreError) -> String {
        let bytes = unsafe self.bytes(row, column)
        return unsafe String(decoding: bytes, as: UTF8.self)
    }

    func optionalText(_ row: Int, _ column: Int) throws(StoreError) -> String? {
        isNull(row, column) ? nil : try text(row, column)
    }

    func blob(_ row: Int, _ column: Int) -> [UInt8] { unsafe Array(bytes(row, column)) }

    func withdrawalID(_ row: Int, _ column: Int) throws(StoreError) -> WithdrawalID {
        WithdrawalID(try uuid(row, column))
    }

    func uuid(_ row: Int, _ column: Int) throws(StoreError) -> UUIDv7 {
        let bytes = blob(row, column)
        guard bytes.count == 16 else { throw corrupt(column) }
        func word(_ part: ArraySlice<UInt8>) -> UInt64 { part.reduce(0) { $0 << 8 | UInt64($1) } }
        return UUIDv7(high: word(bytes[..<8]), low: word(bytes[8...]))
    }

    func nanotons(_ row: Int, _ column: Int) throws(StoreError) -> Nanotons {
        guard let amount = Nanotons(try int64(row, column)) else { throw corrupt(column) }
        return amount
    }

    func time(_ row: Int, _ column: Int) throws(StoreError) -> Timestamp {
        Timestamp(unixMilliseconds: try int64(row, column))
    }

    func choice<Choice: RawRepresentable>(
        _ row: Int, _ column: Int, as type: Choice.Type = Choice.self
    ) throws(StoreError) -> Choice where Choice.RawValue == String {
        guard let choice = Choice(rawValue: try text(row, column)) else { throw corrupt(column) }
        return choice
    }

    func accountKey(_ row: Int, _ column: Int) throws(StoreError) -> AccountKey {
        guard let tenant = TenantID(try text(row, column)),
            let account = AccountID(try text(row, column + 1))
        else { throw corrupt(column) }
        return AccountKey(tenant: tenant, account: account)
    }

    func corrupt(_ column: Int) -> StoreError {
        StoreError(.corrupt, "column \(column) holds what can't be there")
    }

    private func bigEndian(
        _ row: Int, _ column: Int, count: Int
    ) throws(StoreError) -> Int64 {
        let bytes = unsafe self.bytes(row, column)
        guard bytes.count == count else { throw corrupt(column) }
        return Int64(bitPattern: unsafe bytes.reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// Valid as long as this object.
    private func bytes(_ row: Int, _ column: Int) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(
            start: PQgetvalue(handle, Int32(row), Int32(column)),
            count: Int(PQgetlength(handle, Int32(row), Int32(column))))
    }
}
