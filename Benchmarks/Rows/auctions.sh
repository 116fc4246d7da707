# SPDX-FileCopyrightText: 2026 The Teller authors
# SPDX-License-Identifier: Apache-2.0
#
# 100,000 auctions that are due at once, settled on PostgreSQL: alone, and beside withdrawals from the
# same accounts, which are measured without them in the same round.
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

# add_up: after the server's end; an auction has the hold of its bid, and once it is sold the capture
# and the proceeds.
add_up() {
    local wrong
    wrong=$(sql contender -c "SELECT 100000 + 2 * (SELECT count(*) FROM deals WHERE state = 'SOLD')
        - (SELECT count(*) FROM entries WHERE reference LIKE 'auction/%')")
    [ "$wrong" = 0 ] || fail "the auctions don't add up: $wrong"
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
    end
    add_up
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
    add_up
    [ "$settled" -lt 100000 ] || fail 'the auctions were all settled before the withdrawals were made'
    results+=("$result")
    beside+=($((settled * 1000 / took)))
    shares+=("$(ratio "$rate" "$without")")
done
row 'auctions settled, 100,000 due at once, 100k accounts, PostgreSQL' "$(median "${alone[@]}")/s" '—' '—' '≥ 3,000/s'
row 'the same beside `withdraw.create` from the same accounts' "$(median "${beside[@]}")/s" '—' '—' '≥ 3,000/s'
row '`withdraw.create` beside them' "$(median "${results[@]}")" 'the same without them' \
    "$(median "${shares[@]}")" '≥ 0.7'
