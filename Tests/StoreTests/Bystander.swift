// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Ledger

@testable import PostgresStore

/// A transaction of somebody else on a fixture's PostgreSQL, which stays open until it commits.
final class Bystander {
    private static let waiting = Statement(
        name: "waiting",
        sql: """
            SELECT count(*) FROM pg_stat_activity
            WHERE wait_event_type = 'Lock' AND datname = current_database()
            """)

    private var connection: Connection
    private var watch: Connection

    /// - Parameter sql: what it begins with.
    init(_ fixture: StoreFixture, holding sql: String) throws {
        connection = try Connection.open(
            fixture.location, settings: "SET application_name = 'bystander'; BEGIN; \(sql)",
            statements: [BatchStatements.commit])
        watch = try Connection.open(
            fixture.location, settings: "", statements: [Self.waiting])
    }

    /// Returns when something waits for a lock, after ten seconds at the most. It blocks: tests
    /// beside this one may keep their shared threads for longer than what waits has time.
    func waitForOthers() throws {
        for _ in 0..<1_000 {
            guard try !isWaitedFor() else { return }
            usleep(10_000)
        }
        throw StoreError(.unavailable, "nothing waits")
    }

    /// Whether something waits for a lock.
    func isWaitedFor() throws -> Bool {
        try watch.send(Self.waiting)
        return try watch.finish()[0].int64(0, 0) > 0
    }

    func commit() throws {
        try connection.send(BatchStatements.commit)
        _ = try connection.finish()
    }
}
