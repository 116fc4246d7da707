# SPDX-FileCopyrightText: 2026 The Teller authors
# SPDX-License-Identifier: Apache-2.0
#
# What the rows share: servers that are started and ended, loads that are checked, lines of the
# table. `Benchmarks/run` sets bin, seconds and soak. Sourced, and everything is loud: a command
# that fails ends the row.
set -euo pipefail
shopt -s inherit_errexit
: "${bin:?started by Benchmarks/run}" "${seconds:?}" "${soak:?}"

work=$(mktemp -d)
chmod 755 "$work"
started=()
finish() {
    local process
    for process in "${started[@]}"; do kill "$process" 2>/dev/null || true; done
    [ -z "${cluster:-}" ] || stop_cluster
    rm -rf "$work"
}
trap finish EXIT

fail() {
    echo "bench: $*" >&2
    exit 1
}

# row WHAT TELLER PEER RATIO GOAL: one line of the table.
row() { printf '| %s | %s | %s | %s | %s |\n' "$@"; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
# median NUMBER…: the middle one; texts that begin with a number will do.
median() { printf '%s\n' "$@" | sort -g | sed -n "$((($# + 1) / 2))p"; }
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# certificate: makes $work/cert.pem and $work/key.pem.
certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
        -subj /CN=localhost -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
}

# serve STORE [SETTING…]: starts a server on one event loop, behind the command in the array `pin`
# if there is one; its port is then in $server and its process in $teller.
pin=()
serve() {
    local store=$1 settings=() setting
    shift
    for setting in "$@"; do settings+=(--set "$setting"); done
    server=$(port)
    "${pin[@]}" "$bin/teller" serve --listen "127.0.0.1:$server" --store "$store" --set threads=1 \
        --set log.level=error --set gateway.name=none "${settings[@]}" 2>"$work/teller.log" &
    teller=$!
    started+=("$teller")
    answers "http://127.0.0.1:$server/readyz" "https://127.0.0.1:$server/readyz" ||
        fail "the server did not get ready: $(cat "$work/teller.log")"
}

# end: drains the server; it must leave with 0.
end() {
    kill "$teller"
    wait "$teller" || fail "the server ended with $?: $(cat "$work/teller.log")"
}

# static_server FOLDER: starts nghttpd on one thread, over TLS if `certificate` was called and
# $scheme is https; its port is then in $peer and its process in $nghttpd.
static_server() {
    peer=$(port)
    if [ "$scheme" = https ]; then
        "${pin[@]}" nghttpd -n1 -d "$1" "$peer" "$work/key.pem" "$work/cert.pem" >/dev/null 2>&1 &
    else
        "${pin[@]}" nghttpd --no-tls -n1 -d "$1" "$peer" >/dev/null 2>&1 &
    fi
    nghttpd=$!
    started+=("$nghttpd")
    listens "$peer" || fail "nghttpd did not start"
}

# answers URL…: waits until one of them answers 200.
answers() {
    local url
    for _ in $(seq 200); do
        for url in "$@"; do
            curl -skf --max-time 5 -o /dev/null "$url" && return 0
        done
        sleep 0.05
    done
    return 1
}

# listens PORT: waits until somebody does.
listens() {
    for _ in $(seq 200); do
        (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return 0
        sleep 0.05
    done
    return 1
}

# withdraw CONNECTIONS STREAMS ACCOUNTS: loads $server. What it printed is then in $result, the
# rate in $rate, the accepted calls in $accepted. A call that is refused fails the row.
withdraw() {
    result=$("$bin/WithdrawBenchmark" "$server" "$1" "$2" "$seconds" "$3")
    rate=${result%% *}
    accepted=$(sed -nE 's/.*, ([0-9]+) in all$/\1/p' <<<"$result")
    result=${result%,*}
}

# resident PROCESS: its resident memory in KiB.
resident() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }
