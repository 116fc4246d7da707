# SPDX-FileCopyrightText: 2026 The Teller authors
# SPDX-License-Identifier: Apache-2.0
#
# Calls answered from memory: server on one core, h2load on the other; beside it nghttpd, which
# answers a POST with a file as long as our answer. They take turns, five short rounds each, and the
# medians count: the machine's speed changes from one to the next.
. Benchmarks/Shared/common.sh
pin=(taskset -c 0)
rounds=5

# calls URL: its rate is then in $rate; every answer must be 2xx.
calls() {
    local report=$work/h2load.log
    taskset -c 1 h2load -D $(((seconds + 1) / 2)) --warm-up-time=1 -c16 -m10 -d "$work/info" "$1" >"$report" ||
        fail "h2load: $(cat "$report")"
    grep -qE '^requests: .* 0 failed, 0 errored, 0 timeout$' "$report" &&
        grep -qE '^status codes: [1-9][0-9]* 2xx, 0 3xx, 0 4xx, 0 5xx$' "$report" ||
        fail "h2load $1: $(grep -E '^(requests|status codes):' "$report")"
    rate=$(sed -nE 's/^finished in .*, ([0-9.]+) req\/s.*/\1/p' "$report")
    rate=${rate%.*}
}

certificate
mkdir "$work/www"
printf '{"jsonrpc":"2.0","id":1,"method":"service.info"}' >"$work/info"
for scheme in http https; do
    settings=()
    [ $scheme = http ] || settings=("tls.certificate=$work/cert.pem" "tls.key=$work/key.pem")
    serve "sqlite:$work/$scheme.sqlite" "${settings[@]}"
    curl -sSfk -o "$work/answer" --data "@$work/info" "$scheme://127.0.0.1:$server/rpc"
    grep -q '"result":{' "$work/answer" || fail "service.info: $(cat "$work/answer")"
    head -c "$(wc -c <"$work/answer")" /dev/zero | tr '\0' x >"$work/www/rpc"
    static_server "$work/www"
    ours=() theirs=() ratios=()
    for _ in $(seq $rounds); do
        calls "$scheme://127.0.0.1:$server/rpc"
        ours+=("$rate")
        calls "$scheme://127.0.0.1:$peer/rpc"
        theirs+=("$rate")
        ratios+=("$(ratio "${ours[-1]}" "$rate")")
    done
    end
    kill "$nghttpd"
    row "\`service.info\`, $scheme, 16 × 10 streams, one core" "$(median "${ours[@]}")/s" \
        "$(median "${theirs[@]}")/s, nghttpd static POST" "$(median "${ratios[@]}")" "≥ 0.5"
done
