// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import GRDB
import GRDBSQLite
import Ledger
import TellerProtocol

/// A statement of the connection that writes, bound and stepped without anything in between:
/// GRDB's arguments are boxed one by one, which costs more than what SQLite does with them.
///
/// Parameters are bound in order, each run begins again at the first. It is used only while the
/// connection is held, like the statement of GRDB's that it stands on, which finalises it.
@safe
final class WriteStatement {
    private let statement: Statement
    private let handle: OpaquePointer
    private var bound: Int32 = 0
    /// Short texts and blobs stand here until the statement has run, so that SQLite need not copy
    /// each into memory of its own.
    private let bytes: UnsafeMutableRawBufferPointer
    private var used = 0
    /// The first parameter's failure since the last run: a value that SQLite did not take would
    /// count as null.
    private var failure = SQLITE_OK

    /// - Parameter rows: how many rows it writes.
    init(_ sql: String, rows: Int = 1, _ database: Database) throws {
        statement = try database.makeStatement(sql: sql)
        unsafe handle = statement.sqliteStatement
        unsafe bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: rows * 512, alignment: 1)
    }

    deinit { unsafe bytes.deallocate() }

    /// Rows changed by the newest statement of the connection.
    var changes: Int { Int(unsafe sqlite3_changes(sqlite3_db_handle(handle))) }

    /// The number of the row that the connection inserted last. (`RETURNING` would open a table of
    /// its own for each row.)
    var insertedNumber: Int64 { unsafe sqlite3_last_insert_rowid(sqlite3_db_handle(handle)) }

    func bind(_ value: Int64?) {
        bound += 1
        if let value {
            note(unsafe sqlite3_bind_int64(handle, bound, value))
        } else {
            note(unsafe sqlite3_bind_null(handle, bound))
        }
    }

    func bind(_ text: String?) {
        guard var text else { return bind(nil as Int64?) }
        text.withUTF8 { unsafe bind(UnsafeRawBufferPointer($0), isText: true) }
    }

    func bind(_ blob: [UInt8]) {
        unsafe blob.withUnsafeBytes { unsafe bind($0, isText: false) }
    }

    func bind(_ id: WithdrawalID?) {
        guard let uuid = id?.uuid else { return bind(nil as Int64?) }
        unsafe withUnsafeBytes(of: (uuid.high.bigEndian, uuid.low.bigEndian)) {
            unsafe bind($0, isText: false)
        }
    }

    private func bind(_ value: UnsafeRawBufferPointer, isText: Bool) {
        bound += 1
        let count = Int32(value.count)
        let place = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[used...])
        let isShort = value.count < place.count
        if isShort {
            unsafe place.copyMemory(from: value)
            used += value.count
        }
        // No pointer would mean null, so one is given for what is empty, too.
        let start = isShort ? UnsafeRawPointer(place.baseAddress) : value.baseAddress
        let destructor = unsafe isShort ? nil : Self.copied
        if isText {
            let characters = unsafe start?.assumingMemoryBound(to: CChar.self)
            note(unsafe sqlite3_bind_text(handle, bound, characters, count, destructor))
        } else {
            note(unsafe sqlite3_bind_blob(handle, bound, start, count, destructor))
        }
    }

    private func note(_ code: Int32) {
        if failure == SQLITE_OK { failure = code }
    }

    /// Runs the statement to its end.
    ///
    /// - Throws: `DatabaseError`.
    func run() throws { _ = try firstInteger() }

    /// Runs the statement as far as its first row.
    ///
    /// - Returns: the row's first column as an integer, 0 for null; nil when there is no row.
    func firstInteger() throws -> Int64? { try first { $0.integer(0) } }

    /// Runs the statement as far as its first row, and reads that.
    ///
    /// - Returns: nil when there is no row.
    func first<Value>(_ read: (WriteStatement) throws -> Value) throws -> Value? {
        defer { reset() }
        switch failure == SQLITE_OK ? unsafe sqlite3_step(handle) : failure {
        case SQLITE_ROW: return try read(self)
        case SQLITE_DONE: return nil
        case let code:
            throw DatabaseError(
                resultCode: ResultCode(rawValue: code),
                message: unsafe String(cString: sqlite3_errmsg(sqlite3_db_handle(handle))))
        }
    }

    /// Makes ready for the next run, whatever has been bound.
    func reset() {
        unsafe sqlite3_reset(handle)
        bound = 0
        used = 0
        failure = SQLITE_OK
    }

    // MARK: Columns of the row that `first` has found

    /// 0 for null.
    func integer(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(handle, column) }

    func nanotons(_ column: Int32) throws -> Nanotons {
        guard let amount = Nanotons(integer(column)) else { throw corrupt(column) }
        return amount
    }

    func time(_ column: Int32) -> Timestamp { Timestamp(unixMilliseconds: integer(column)) }

    /// nil for null.
    func withdrawalID(_ column: Int32) throws -> WithdrawalID? {
        guard unsafe sqlite3_column_type(handle, column) != SQLITE_NULL else { return nil }
        guard unsafe sqlite3_column_bytes(handle, column) == 16,
            let bytes = unsafe sqlite3_column_blob(handle, column)
        else { throw corrupt(column) }
        func word(_ offset: Int) -> UInt64 {
            UInt64(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        return WithdrawalID(UUIDv7(high: word(0), low: word(8)))
    }

    private func corrupt(_ column: Int32) -> StoreError {
        StoreError(.corrupt, "column \(column) of \(statement.sql)")
    }

    /// Has SQLite copy what is bound (`SQLITE_TRANSIENT`, which Swift can't import).
    private static var copied: sqlite3_destructor_type? {
        unsafe unsafeBitCast(-1, to: sqlite3_destructor_type?.self)
    }
}

/// Inserts rows into a table, most of them many at a time: for each statement SQLite opens the
/// table and its indexes anew, which takes as long as the row itself.
struct InsertStatements {
    private static let rowsTogether = 16

    private let single: WriteStatement
    private let several: WriteStatement

    init(into table: String, columns: Int, _ database: Database) throws {
        func statement(rows: Int) throws -> WriteStatement {
            let row = "(\(Array(repeating: "?", count: columns).joined(separator: ", ")))"
            let all = Array(repeating: row, count: rows).joined(separator: ", ")
            // A batch is rolled back as a whole: with FAIL SQLite keeps nothing to undo a statement.
            return try WriteStatement(
                "INSERT OR FAIL INTO \(table) VALUES \(all)", rows: rows, database)
        }
        single = try statement(rows: 1)
        several = try statement(rows: Self.rowsTogether)
    }

    /// - Parameter bind: binds the columns of one row.
    /// - Throws: `DatabaseError`, when some of the rows may have been inserted; what `bind` throws.
    func insert<Row>(_ rows: [Row], _ bind: (WriteStatement, Row) throws -> Void) throws {
        var index = 0
        while index < rows.count {
            let isSingle = rows.count - index < Self.rowsTogether
            let statement = isSingle ? single : several
            // Also when a row can't be bound, or the next run would begin in the middle.
            defer { statement.reset() }
            for _ in 0..<(isSingle ? 1 : Self.rowsTogether) {
                try bind(statement, rows[index])
                index += 1
            }
            try statement.run()
        }
    }
}
