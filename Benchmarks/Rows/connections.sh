# SPDX-FileCopyrightText: 2026 The Teller authors
# SPDX-License-Identifier: Apache-2.0
#
# What 10,000 idle HTTP/2 connections hold, beside nghttpd.
. Benchmarks/Shared/common.sh
connections=10000

certificate
mkdir "$work/www"
for scheme in http https; do
    settings=("http.idleTimeout=30m")
    [ $scheme = http ] || settings+=("tls.certificate=$work/cert.pem" "tls.key=$work/key.pem")
    serve "sqlite:$work/$scheme.sqlite" "${settings[@]}"
    ours=$(python3 Benchmarks/Shared/idle_connections.py "$scheme" "$server" "$teller" $connections)
    end
    static_server "$work/www"
    theirs=$(python3 Benchmarks/Shared/idle_connections.py "$scheme" "$peer" "$nghttpd" $connections)
    kill "$nghttpd"
    goal='≤ 24 KiB'
    row "idle HTTP/2 connection of $connections, $scheme, resident" "$ours KiB" \
        "$theirs KiB, nghttpd" "$(ratio "$ours" "$theirs")" "$goal"
done
