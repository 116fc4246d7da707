# SPDX-FileCopyrightText: 2026 The Teller authors
# SPDX-License-Identifier: Apache-2.0
#
# Withdrawals on PostgreSQL: server, database and load generator on the same two cores, beside
# pgbench doing the same work.
. Benchmarks/Shared/common.sh
. Benchmarks/Shared/cluster.sh

# teller_rate CONNECTIONS STREAMS ACCOUNTS: as `withdraw`, in a database of its own.
teller_rate() {
    fresh
    serve "$database"
    withdraw "$@"
    end
    holds "$accepted"
}

# lone_statement: how many withdrawals a second one client makes that waits for each; in $rate.
lone_statement() { pgbench_best call 100000 1; }

start_cluster
many=(1 4 16 64)
pgbench_best transaction 100000 "${many[@]}"
statements=$rate
pgbench_best call 100000 "${many[@]}"
function=$rate
teller_rate 8 24 100000
row '`withdraw.create`, PostgreSQL, 100k accounts, own keys' "$result" \
    "$statements/s, pgbench, one transaction of several statements" \
    "$(ratio "$rate" "$statements")" "≥ 5, p99 ≤ 30 ms"
row 'the same' "$result" "$function/s, pgbench, one function call" "$(ratio "$rate" "$function")" '≥ 2.5'

pgbench_best transaction 1 "${many[@]}"
hot=$rate
teller_rate 8 24 1
row 'the same, one hot account' "$result" "$hot/s, pgbench transaction" "$(ratio "$rate" "$hot")" '≥ 25'

lone_statement
lone=$rate
teller_rate 1 1 100000
row 'a lone `withdraw.create`' "$result" "$lone/s, the statement alone, one client" \
    "$(ratio "$lone" "$rate") × its latency" '≤ 1.5 ×'
