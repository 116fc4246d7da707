# SPDX-FileCopyrightText: 2026 The Teller authors
# SPDX-License-Identifier: Apache-2.0
#
# From exec to the first 200 of /readyz on the embedded store.
. Benchmarks/Shared/common.sh
. Benchmarks/Shared/ledger_file.sh

# milliseconds new|FILE: the median of 11 starts.
milliseconds() { python3 Benchmarks/Shared/start_time.py "$bin/teller" "$work" "$1"; }

took=$(milliseconds new)
row 'start to ready, new SQLite file, median of 11' "$took ms" '' '' '≤ 150 ms'
ledger_file "$work/ledger.sqlite"
serve "sqlite:$work/ledger.sqlite"
withdraw 8 24 100000
end
took=$(milliseconds ledger.sqlite)
row "the same, a file of 100k accounts and $accepted withdrawals" "$took ms" '' '' '≤ 150 ms'
