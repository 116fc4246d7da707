# SPDX-FileCopyrightText: 2026 The Teller authors
# SPDX-License-Identifier: Apache-2.0
#
# A PostgreSQL 15 cluster of a row's own, with its default fsync, and databases made from one
# template that holds the schema and 100,000 accounts: nobody is measured in another's tables.
programs=/usr/lib/postgresql/15/bin
# The server refuses to run as root.
as_postgres=()
[ "$(id -u)" != 0 ] || as_postgres=(runuser -u postgres --)

start_cluster() {
    cluster=$work/pg
    pg=$(port)
    mkdir "$cluster"
    [ "$(id -u)" != 0 ] || chown postgres "$cluster"
    local options="-p $pg -k $cluster -c listen_addresses=127.0.0.1"
    options+=" -c shared_buffers=256MB -c max_wal_size=4GB"
    (
        cd /tmp
        "${as_postgres[@]}" "$programs/initdb" -D "$cluster/data" -A trust -U teller --locale=C.UTF-8
        "${as_postgres[@]}" "$programs/pg_ctl" -D "$cluster/data" -l "$cluster/log" -w -o "$options" start
    ) >"$work/cluster.log" || fail "no cluster: $(cat "$work/cluster.log")"
    "$programs/createdb" -h 127.0.0.1 -p "$pg" -U teller template
    "$bin/teller" migrate --store "$(connection template)" >/dev/null
    local file
    for file in accounts function; do sql template -f "Benchmarks/Withdraw/$file.sql"; done
    sql template -c 'VACUUM ANALYZE'
}

stop_cluster() {
    (cd /tmp && "${as_postgres[@]}" "$programs/pg_ctl" -D "$cluster/data" -m immediate stop) \
        >/dev/null 2>&1 || true
}

connection() { echo "postgres://teller@127.0.0.1:$pg/$1"; }

# sql DATABASE ARGUMENT…: psql, which stops at the first error.
sql() {
    local database=$1
    shift
    psql -X -v ON_ERROR_STOP=1 -Atq "$(connection "$database")" "$@"
}

# fresh: drops the contender before and makes the next one's database, analysed, with nothing left
# to write; its connection string is then in $database.
fresh() {
    "$programs/dropdb" -h 127.0.0.1 -p "$pg" -U teller --if-exists contender 2>/dev/null
    "$programs/createdb" -h 127.0.0.1 -p "$pg" -U teller -T template contender
    sql contender -c 'VACUUM ANALYZE' -c CHECKPOINT
    database=$(connection contender)
}

# holds COUNT: the contender's database must hold so many withdrawals.
holds() {
    local found
    found=$(sql contender -c 'SELECT count(*) FROM withdrawals')
    [ "$found" = "$1" ] || fail "$1 withdrawals were answered, $found are in the database"
}

# pgbench_rate SCRIPT ACCOUNTS CLIENTS: in a database of its own; the rate is then in $rate.
pgbench_rate() {
    local script=$1 accounts=$2 clients=$3 count report=$work/pgbench.log
    fresh
    "$programs/pgbench" -n -M prepared -h 127.0.0.1 -p "$pg" -U teller -D "accounts=$accounts" \
        -D count=1000000000 \
        -c "$clients" -j 2 -T "$seconds" -f "Benchmarks/Withdraw/$script.sql" contender \
        >"$report" 2>&1 || fail "pgbench: $(cat "$report")"
    grep -q '^number of failed transactions: 0 ' "$report" || fail "pgbench: $(cat "$report")"
    count=$(sed -nE 's/^number of transactions actually processed: ([0-9]+).*/\1/p' "$report")
    holds "$count"
    rate=$(sed -nE 's/^tps = ([0-9]+).*/\1/p' "$report")
    echo "pgbench $script, $accounts accounts, $clients clients: $rate/s" >&2
}

# pgbench_clients SCRIPT ACCOUNTS: with how many clients, of 1 to 64, it is fastest; in $clients.
pgbench_clients() {
    local best=0 count
    for count in 1 4 16 32 64; do
        pgbench_rate "$1" "$2" $count
        [ "$rate" -le $best ] || { best=$rate && clients=$count; }
    done
}
