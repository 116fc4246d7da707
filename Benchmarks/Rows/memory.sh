# SPDX-FileCopyrightText: 2026 The Teller authors
# SPDX-License-Identifier: Apache-2.0
#
# Resident memory under withdrawals on PostgreSQL for --soak seconds, read ten times.
. Benchmarks/Shared/common.sh
. Benchmarks/Shared/cluster.sh

start_cluster
fresh
serve "$database"
"$bin/WithdrawBenchmark" "$server" 8 24 "$soak" 100000 >"$work/load" 2>&1 &
load=$!
started+=("$load")
begin=$(date +%s.%N)
for tenth in $(seq 10); do
    # Until the end of this tenth, however long reading took.
    sleep "$(awk -v b="$begin" -v n="$(date +%s.%N)" -v s="$soak" -v t="$tenth" \
        'BEGIN { left = b + s * t / 10 - n; print (left > 0 ? left : 0) }')"
    kib=$(resident "$teller")
    echo "resident after $tenth tenths of $soak s: $kib KiB" >&2
    echo "$tenth $kib"
done >"$work/samples"
wait "$load" || fail "$(cat "$work/load")"
after=$(resident "$teller")
end
# The slope of the straight line through the samples from the first tenth's end on.
slope=$(awk -v s="$soak" '{ x = $1 * s / 600; n++; sx += x; sy += $2; sxx += x * x; sxy += x * $2 }
    END { printf "%.0f", (n * sxy - sx * sy) / (n * sxx - sx * sx) }' "$work/samples")
growth=$(awk 'NR == 1 { first = $2 } { last = $2 } END { print last - first }' "$work/samples")
row 'resident memory after the load' "$(awk -v k="$after" 'BEGIN { printf "%.1f", k / 1024 }') MiB" \
    "$(sed 's/,[^,]*in all$//' "$work/load")" '' '≤ 96 MiB'
row "its growth from the first tenth of $soak s on" "$growth KiB, $slope KiB/min" '' '' 'flat'
