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

# lone_statement: how many withdrawals a second our own statements make through libpq alone, one
# after another; in $rate.
lone_statement() {
    fresh
    rate=$("$bin/StoreBenchmark" "$database" "$seconds" 100000) || fail "$rate"
}

start_cluster
many=(1 4 16 32 64)
pgbench_best transaction 100000 "${many[@]}"
statements=$rate
pgbench_best call 100000 "${many[@]}"
function=$rate
teller_rate 16 12 100000
row '`withdraw.create`, PostgreSQL, 100k accounts, own keys' "$result" \
    "$statements/s, pgbench, one transaction of several statements" \
    "$(ratio "$rate" "$statements")" "≥ 5, p99 ≤ 30 ms"
row 'the same' "$result" "$function/s, pgbench, one function call" "$(ratio "$rate" "$function")" '≥ 2.5'

pgbench_best transaction 1 "${many[@]}"
hot=$rate
teller_rate 16 24 1
row 'the same, one hot account' "$result" "$hot/s, pgbench transaction" "$(ratio "$rate" "$hot")" '≥ 25'

lone_statement
lone=$rate
teller_rate 1 1 100000
row 'a lone `withdraw.create`' "$result" "$lone/s, the same statements through libpq alone" \
    "$(ratio "$lone" "$rate") × its latency" '≤ 1.5 ×'
