// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import Ledger
import Synchronization

/// What failures have shown about the ledger's file.
///
/// ```
///  sound ── a write failed: disk full, I/O ──► failing ── a write succeeds ──► sound
///    └─────────── SQLite found damage ────────────┴──► damaged, until the program starts again
/// ```
///
/// Without it the store would look ready on a full disk: asking for a sign of life writes nothing.
final class FileCondition: Sendable {
    private enum State {
        case sound
        case failing
        /// Whatever is written now may make it worse.
        case damaged(StoreError)
    }

    private let state = Mutex(State.sound)

    /// Whether the last write failed for want of space or a sound disk.
    var isFailing: Bool {
        state.withLock { if case .failing = $0 { true } else { false } }
    }

    /// - Throws: what was found, when the file is damaged.
    func check() throws(StoreError) {
        let damage: StoreError? = state.withLock {
            if case .damaged(let error) = $0 { error } else { nil }
        }
        if let damage { throw damage }
    }

    /// A transaction has been written and fsynced.
    func wrote() {
        state.withLock { if case .failing = $0 { $0 = .sound } }
    }

    /// What `error` means for the ledger; it is remembered when it is the file's fault.
    ///
    /// - Parameter isCommit: whether a transaction that writes was under way.
    func note(_ error: any Error, isCommit: Bool) -> StoreError {
        let failure = StoreError(error, isCommit: isCommit)
        guard let code = (error as? DatabaseError)?.resultCode else { return failure }
        state.withLock { state in
            if case .damaged = state { return }
            switch code {
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: state = .damaged(failure)
            case .SQLITE_FULL, .SQLITE_IOERR, .SQLITE_READONLY, .SQLITE_CANTOPEN: state = .failing
            default: break
            }
        }
        return failure
    }
}

extension FileCondition {
    /// Refuses a file that was cut off in the middle of a page.
    ///
    /// SQLite itself would fill the page with zeros, and take a stub of a few bytes for an empty
    /// file. While a log lies beside it, the file may look like that after a crash; SQLite repairs
    /// it from the log.
    static func checkLength(of path: String) throws(StoreError) {
        guard let bytes = length(of: path), bytes > 0, (length(of: path + "-wal") ?? 0) == 0
        else { return }
        // The page size stands in the header, big endian; 1 means 65,536 (file format, 1.3.2).
        let file = try? FileHandle(forReadingFrom: URL(filePath: path))
        let header = [UInt8]((try? file?.read(upToCount: 18)) ?? Data())
        let size = header.count == 18 ? Int(header[16]) << 8 | Int(header[17]) : 0
        let pageBytes = size == 1 ? 65_536 : max(size, 512)
        guard bytes % pageBytes == 0 else {
            throw StoreError(.corrupt, "\(path): cut off after \(bytes) bytes")
        }
    }

    private static func length(of path: String) -> Int? {
        (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int
    }
}
