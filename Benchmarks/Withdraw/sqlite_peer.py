#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Teller authors
# SPDX-License-Identifier: Apache-2.0
"""Makes withdrawals in an SQLite ledger, each as one durable transaction, and prints its rate.

    sqlite_peer.py FILE SECONDS ACCOUNTS

The work is that of one `withdraw.create`: the same reads, the same rows, log and fsync as Teller
has them. Prints withdrawals per second and their number. Statements are prepared once (sqlite3
keeps them by their text).
"""
import os
import random
import sqlite3
import sys
import time

TOTAL, AMOUNT, FEE = 15_000_000, 10_000_000, 5_000_000
ADDRESS = "0:ca6e321c7cce9ecedf0a8ca2492ec8592494aa5fb5ce0387dff96ef6af982a3e"
OUTCOME_LIFE = 30 * 86_400_000


def withdraw(database, account, key):
    now = time.time_ns() // 1_000_000
    # A UUIDv7: ids rise with time, as Teller's do.
    which = now.to_bytes(6, "big") + b"\x70" + os.urandom(9)
    execute = database.execute
    execute("BEGIN IMMEDIATE")
    number, available, held, sequence, entry, withdrawal = execute(
        "SELECT a.number, available, held, sequence, e.number,"
        " iif(kind = 'HOLD' AND withdrawal_id IS NOT NULL, withdrawal_id, newest_withdrawal)"
        " FROM accounts a JOIN heads h ON h.account_number = a.number"
        " JOIN entries e ON e.number = h.newest_entry WHERE tenant = ? AND account = ?", ("default", account)).fetchone()
    if execute(
            "SELECT id FROM withdrawals WHERE account_number = ? AND key = ?",
            (number, key)).fetchone():
        sys.exit("the key exists")
    if available < TOTAL:
        sys.exit("insufficient funds")
    available, held, sequence = available - TOTAL, held + TOTAL, sequence + 1
    entry = execute(
        "INSERT INTO entries VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
        (entry, number, sequence, "HOLD", -TOTAL, TOTAL, available, held, which, None, now)
    ).lastrowid
    execute(
        "INSERT INTO withdrawals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (which, withdrawal, number, AMOUNT, FEE, ADDRESS, 0, None, "PENDING", 1, now, now, None,
         None, key, now + OUTCOME_LIFE))
    execute("UPDATE heads SET newest_entry = ? WHERE account_number = ?", (entry, number))
    execute("COMMIT")


def main():
    file, seconds, accounts = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    database = sqlite3.connect(file, isolation_level=None)
    (mode,) = database.execute("PRAGMA journal_mode = WAL").fetchone()
    database.execute("PRAGMA synchronous = FULL")
    database.execute("PRAGMA cache_size = -16384")
    database.execute("PRAGMA wal_autocheckpoint = 8192")
    (synchronous,) = database.execute("PRAGMA synchronous").fetchone()
    if (mode, synchronous) != ("wal", 2):
        sys.exit(f"not durable as Teller is: {mode}, {synchronous}")
    count = 0
    start = time.monotonic()
    while time.monotonic() < start + seconds:
        count += 1
        withdraw(database, f"bench-{random.randint(1, accounts)}", f"{start}-{count}")
    print(int(count / (time.monotonic() - start)), count)


main()
