# SPDX-FileCopyrightText: 2026 The Teller authors
# SPDX-License-Identifier: Apache-2.0
#
# Payouts from PENDING to CONFIRMED: on a sandbox that runs the real contracts, with a block each
# 50 ms, whose emulator is most of the load (the chain itself takes seconds for a block); and on a
# chain in the program's memory that executes each message at once, so that Teller is measured.
. Benchmarks/Shared/common.sh

for run in v4r2:200 v5r1:2000 highload-v3:2000; do
    wallet=${run%:*} count=${run#*:}
    SANDBOX_PORT=$(port) RPC_PORT=$(port) python3 Benchmarks/TON/payouts.py "$bin/teller" \
        "sqlite:$work/$wallet.sqlite" "$wallet" "$count" >"$work/payouts" || fail "payouts, $wallet"
    read -r rate paid <"$work/payouts"
    row "payouts, PENDING to CONFIRMED, $wallet" "$rate/s of $paid" '' '' ''
done
for run in v4r2:2000 v5r1:20000 highload-v3:20000; do
    wallet=${run%:*} count=${run#*:}
    "$bin/PayoutBenchmark" "sqlite:$work/instant-$wallet.sqlite" "$wallet" "$count" \
        >"$work/payouts" || fail "payouts at once, $wallet: $(cat "$work/payouts")"
    read -r rate paid <"$work/payouts"
    row "the same on a chain that takes no time, $wallet" "$rate/s of $paid" '' '' ''
done
