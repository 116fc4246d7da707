# SPDX-FileCopyrightText: 2026 The Teller authors
# SPDX-License-Identifier: Apache-2.0
#
# One child crashes 1,000 times: how late its siblings' ticks are, beside the same without crashes.
. Benchmarks/Shared/common.sh

result=$("$bin/SupervisionBenchmark" 1000) || fail "$result"
read -r crashes time p50 p50_crashing mean mean_crashing p99 p99_crashing \
    _ _ call call_crashing call99 call99_crashing early late <<<"$result"
[ "$crashes" -ge 1000 ] || fail "$result"
row "siblings' 1 ms tick while a child crashes $crashes times in $time s, mean lateness" \
    "$mean_crashing µs" "$mean µs without crashes" "$(ratio "$mean_crashing" "$mean")" '≤ 1.05'
row 'the same, median' "$p50_crashing µs" "$p50 µs" "$(ratio "$p50_crashing" "$p50")" '≤ 1.05'
row 'the same, 99th percentile' "$p99_crashing µs" "$p99 µs" "$(ratio "$p99_crashing" "$p99")" \
    '≤ 1.05'
row 'a call of the RPC layer beside it, mean' "$call_crashing µs" "$call µs" \
    "$(ratio "$call_crashing" "$call")" '≤ 1.05'
row 'the same, 99th percentile' "$call99_crashing µs" "$call99 µs" \
    "$(ratio "$call99_crashing" "$call99")" '≤ 1.05'
row 'resident memory from the 100th crash to the last' "$early KiB to $late KiB" '' '' 'flat'
