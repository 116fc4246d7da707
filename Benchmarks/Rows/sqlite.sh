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

ledger_file "$work/template.sqlite"
for accounts in 100000 1; do
    file=$work/peer.sqlite
    cp "$work/template.sqlite" "$file" && sync
    python3 Benchmarks/Withdraw/sqlite_peer.py "$file" "$seconds" $accounts >"$work/made"
    read -r theirs made <"$work/made"
    file_holds "$made"

    file=$work/teller.sqlite
    cp "$work/template.sqlite" "$file" && sync
    serve "sqlite:$file"
    withdraw 32 64 $accounts
    end
    file_holds "$accepted"
    rm "$work"/{teller,peer}.sqlite*
    what='`withdraw.create`, SQLite, 100k accounts, own keys'
    [ $accounts != 1 ] || what='the same, one hot account'
    row "$what" "$result" \
        "$theirs/s, Python's sqlite3, one transaction each" "$(ratio "$rate" "$theirs")" '≥ 10'
done
