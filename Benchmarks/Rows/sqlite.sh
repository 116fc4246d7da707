# SPDX-FileCopyrightText: 2026 The Teller authors
# SPDX-License-Identifier: Apache-2.0
#
# Withdrawals on SQLite, beside a plain client that does the same work as one transaction each.
. Benchmarks/Shared/common.sh
. Benchmarks/Shared/ledger_file.sh

# file_holds COUNT: $file must hold so many withdrawals.
file_holds() {
    local found
    found=$(sqlite3 "$file" 'SELECT count(*) FROM withdrawals')
    [ "$found" = "$1" ] || fail "$1 withdrawals were answered, $found are in the file"
}

# They take turns, and the medians of three rounds count.
ledger_file "$work/template.sqlite"
for accounts in 100000 10000 1; do
    theirs=() ratios=() results=()
    for _ in 1 2 3; do
        file=$work/peer.sqlite
        cp "$work/template.sqlite" "$file" && sync
        python3 Benchmarks/Withdraw/sqlite_peer.py "$file" "$seconds" $accounts >"$work/made"
        read -r peers made <"$work/made"
        file_holds "$made"

        file=$work/teller.sqlite
        cp "$work/template.sqlite" "$file" && sync
        serve "sqlite:$file"
        withdraw 32 16 $accounts
        end
        file_holds "$accepted"
        rm "$work"/{teller,peer}.sqlite*
        theirs+=("$peers") ratios+=("$(ratio "$rate" "$peers")")
        results+=("$result")
    done
    case $accounts in
        100000) what='`withdraw.create`, SQLite, 100k accounts, own keys, 512 in flight' ;;
        10000) what='the same, 10k accounts' ;;
        1) what='the same, one hot account' ;;
    esac
    # Each result begins with its rate.
    row "$what" "$(median "${results[@]}")" \
        "$(median "${theirs[@]}")/s, Python's sqlite3, one transaction each" \
        "$(median "${ratios[@]}")" '≥ 10'
done
