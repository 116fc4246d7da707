#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Teller authors
# SPDX-License-Identifier: Apache-2.0
"""Opens HTTP/2 connections to a server and prints how many KiB of it each one holds.

    idle_connections.py http|https PORT PROCESS COUNT

Each has exchanged SETTINGS when the memory is read. Afterwards every one must still answer PING.
"""
import contextlib
import socket
import ssl
import struct
import sys

SETTINGS, PING, GOAWAY, ACK = 4, 6, 7, 1
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
# Opened first, so that what a server makes once is not counted.
WARM_UP = 16


def frame(kind, flags=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + bytes(4) + payload


class Connection:
    def __init__(self, port, tls):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket)
            if self.socket.selected_alpn_protocol() != "h2":
                sys.exit("the server does not speak h2")
        self.rest = b""
        self.socket.sendall(PREFACE + frame(SETTINGS))
        self.wait_for(SETTINGS, 0)
        self.socket.sendall(frame(SETTINGS, ACK))
        self.wait_for(SETTINGS, ACK)

    def wait_for(self, kind, flags):
        while True:
            found_kind, found_flags, payload = self.next_frame()
            if (found_kind, found_flags & ACK) == (kind, flags):
                return
            if found_kind == GOAWAY:
                sys.exit("the server said GOAWAY")
            if found_kind == PING:
                self.socket.sendall(frame(PING, ACK, payload))

    def next_frame(self):
        while len(self.rest) < 9 or len(self.rest) < 9 + int.from_bytes(self.rest[:3], "big"):
            part = self.socket.recv(1 << 14)
            if not part:
                sys.exit("the server closed a connection")
            self.rest += part
        end = 9 + int.from_bytes(self.rest[:3], "big")
        found, self.rest = self.rest[:end], self.rest[end:]
        return found[3], found[4], found[9:]

    def check(self):
        self.socket.sendall(frame(PING, 0, bytes(8)))
        self.wait_for(PING, ACK)


def resident(process):
    with open(f"/proc/{process}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def main():
    scheme, port, process, count = sys.argv[1], *map(int, sys.argv[2:])
    tls = None
    if scheme == "https":
        tls = ssl.create_default_context()
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
        tls.set_alpn_protocols(["h2"])
    connections = [Connection(port, tls) for _ in range(WARM_UP)]
    before = resident(process)
    connections += [Connection(port, tls) for _ in range(count)]
    after = resident(process)
    for connection in connections:
        connection.check()
    print(round((after - before) / count, 1))
    for connection in connections:
        with contextlib.suppress(OSError):
            connection.socket.close()


main()
