# SPDX-FileCopyrightText: 2026 The Teller authors
# SPDX-License-Identifier: Apache-2.0
#
# 100,000 auctions that are due at once, settled on PostgreSQL: alone, and beside withdrawals, which
# are measured without them in the same round.
. Benchmarks/Shared/common.sh
. Benchmarks/Shared/cluster.sh

# auctions: a fresh database with them, none due, and a server on it.
auctions() {
    fresh
    serve "$database"
}

# make_due: the server's worker finds them within a second.
make_due() { sql contender -c "UPDATE deals SET due_at = 1, ends_at = 1" -c CHECKPOINT; }

# settled: how many are, and in how many milliseconds; in $settled and $took.
settled() {
    IFS='|' read -r settled took < <(sql contender -c "SELECT count(*), max(updated_at) - min(updated_at)
        FROM deals WHERE state = 'SOLD'")
}

start_cluster
sql template -f Benchmarks/Withdraw/auctions.sql
sql template -c 'VACUUM ANALYZE'
alone=() shares=() beside=() results=()
for _ in 1 2 3; do
    auctions
    make_due
    for _ in $(seq 240); do
        settled
        [ "$settled" != 100000 ] || break
        sleep 0.5
    done
    [ "$settled" = 100000 ] || fail "$settled of 100,000 auctions were settled"
    [ "$(sql contender -c "SELECT sum(available) FROM accounts WHERE account LIKE 'seller-%'")" = 95000000 ] ||
        fail 'the sellers have another sum than they should'
    end
    alone+=($((100000000 / took)))

    auctions
    withdraw 16 12 100000
    end
    without=$rate

    auctions
    make_due
    for _ in $(seq 50); do
        settled
        [ "$settled" = 0 ] || break
        sleep 0.05
    done
    withdraw 16 12 100000
    settled
    end
    holds "$accepted"
    results+=("$result")
    beside+=($((settled * 1000 / took)))
    shares+=("$(ratio "$rate" "$without")")
done
row 'auctions settled, 100,000 due at once, PostgreSQL' "$(median "${alone[@]}")/s" '—' '—' '≥ 3,000/s'
row 'the same beside `withdraw.create`' "$(median "${beside[@]}")/s" '—' '—' '≥ 3,000/s'
row '`withdraw.create` beside them' "$(median "${results[@]}")" 'the same without them' \
    "$(median "${shares[@]}")" '≥ 0.7'
