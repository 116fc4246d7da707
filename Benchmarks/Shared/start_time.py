#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Teller authors
# SPDX-License-Identifier: Apache-2.0
"""Prints how many milliseconds a server takes from exec to the first 200 of /readyz.

    start_time.py PROGRAM FOLDER new|FILE

The median of 11 starts on FILE in FOLDER, or each on a new one; every start ends with SIGTERM.
"""
import itertools
import socket
import statistics
import subprocess
import sys
import time

STARTS = 11
TIMEOUT_SECONDS = 30


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def is_ready(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(
                b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            return connection.recv(64).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


def start(program, file):
    port = free_port()
    begin = time.monotonic()
    server = subprocess.Popen(
        [program, "serve", "--listen", f"127.0.0.1:{port}", "--store", f"sqlite:{file}",
         "--set", "log.level=error"])
    try:
        while not is_ready(port):
            if server.poll() is not None or time.monotonic() > begin + TIMEOUT_SECONDS:
                sys.exit("the server did not get ready")
            time.sleep(0.0005)
        took = time.monotonic() - begin
        server.terminate()
        code = server.wait(TIMEOUT_SECONDS)
        if code != 0:
            sys.exit(f"the server ended with {code}")
        return took
    finally:
        server.kill()


def main():
    program, folder, name = sys.argv[1:]
    names = (f"new-{i}.sqlite" for i in itertools.count()) if name == "new" else itertools.repeat(name)
    times = [start(program, f"{folder}/{next(names)}") for _ in range(STARTS)]
    print(round(1000 * statistics.median(times), 1))


main()
