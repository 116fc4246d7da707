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
# They take turns, and the medians of three rounds count: the machine's speed changes from one to the
# next. pgbench runs with as many clients as it is fastest with.
declare -A many
for script in transaction call; do
    pgbench_clients $script 100000
    many[$script]=$clients
done
statements=() functions=() results=() to_statements=() to_functions=()
for _ in 1 2 3; do
    pgbench_rate transaction 100000 "${many[transaction]}"
    statements+=("$rate")
    pgbench_rate call 100000 "${many[call]}"
    functions+=("$rate")
    teller_rate 16 20 100000
    results+=("$result")
    to_statements+=("$(ratio "$rate" "${statements[-1]}")") to_functions+=("$(ratio "$rate" "${functions[-1]}")")
done
# Each result begins with its rate.
row '`withdraw.create`, PostgreSQL, 100k accounts, own keys, 320 in flight' "$(median "${results[@]}")" \
    "$(median "${statements[@]}")/s, pgbench, one transaction of several statements" \
    "$(median "${to_statements[@]}")" "≥ 5, p99 ≤ 30 ms"
row 'the same' "$(median "${results[@]}")" "$(median "${functions[@]}")/s, pgbench, one function call" \
    "$(median "${to_functions[@]}")" '≥ 2.5'

pgbench_clients transaction 1
pgbench_rate transaction 1 "$clients"
hot=$rate
teller_rate 16 24 1
row 'the same, one hot account' "$result" "$hot/s, pgbench transaction" "$(ratio "$rate" "$hot")" '≥ 25'

statements=() results=() ratios=()
for _ in 1 2 3; do
    lone_statement
    statements+=("$rate")
    teller_rate 1 1 100000
    results+=("$result") ratios+=("$(ratio "${statements[-1]}" "$rate")")
done
row 'a lone `withdraw.create`' "$(median "${results[@]}")" \
    "$(median "${statements[@]}")/s, the same statements through libpq alone" \
    "$(median "${ratios[@]}") × its latency" '≤ 1.5 ×'
