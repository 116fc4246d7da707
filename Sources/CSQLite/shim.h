// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0
#include <sqlite3.h>

// Keeps SQLite from counting the memory it uses, which takes a lock of the whole process for each
// allocation. Swift can't call a variadic function. To be called before SQLite is used.
static inline int teller_sqlite_count_no_memory(void) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}
