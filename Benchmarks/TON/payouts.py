# SPDX-FileCopyrightText: 2026 The Teller authors
# SPDX-License-Identifier: Apache-2.0
#
# payouts.py TELLER STORE WALLET COUNT: how many payouts a second a server takes from PENDING to
# CONFIRMED, on a sandbox that runs the real contracts and makes a block each 50 ms.
#
# Prints the rate, the withdrawals that were paid, and the messages they took.
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request

teller, store, wallet, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
here = os.path.dirname(os.path.abspath(__file__))
python = os.path.join(here, "../../.build/python/bin/python")
sandbox_program = os.path.join(here, "../../Tests/Fixtures/TONSandbox/sandbox.py")
key = "0eb026731d9ea3f870511f8c18daeb814eaa2c9e276082b204f2a962212fb5bd"
port, rpc_port = int(os.environ["SANDBOX_PORT"]), int(os.environ["RPC_PORT"])


def post(url, value):
    request = urllib.request.Request(url, json.dumps(value).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def control(name, value):
    return post(f"http://127.0.0.1:{port}/sandbox/{name}", value)


def rpc(method, params, key=None):
    call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    answer = post(f"http://127.0.0.1:{rpc_port}/rpc", call)
    if "error" in answer:
        raise SystemExit(f"{method}: {answer['error']}")
    return answer["result"]


def wait(ready, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if ready():
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise SystemExit("it took too long")


start = int(time.time())
sandbox = subprocess.Popen(
    [python, sandbox_program, "--port", str(port), "--manual", "--start-time", str(start)],
    stdout=subprocess.DEVNULL)
settings = {
    "gateway.name": "ton", "ton.wallet": wallet, "ton.key": key,
    "ton.endpoints": f"http://127.0.0.1:{port}/api", "ton.requestsPerSecond": "1000",
    "ton.pollInterval": "100ms", "ton.clockDifferenceMax": "1h", "withdraw.minimum": "1",
    "log.level": "warning",
}
flags = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
server = None
try:
    wait(lambda: control("state", {}), 30)
    address = subprocess.run(
        [teller, "ton", "wallet", "--store", store, *flags], check=True, capture_output=True, text=True
    ).stdout.split("raw")[1].split()[0]
    control("deposit", {"to": address, "amount": str(10**15)})

    def mine():
        now = start
        while sandbox.poll() is None:
            wall = int(time.time())
            try:
                control("mine", {"seconds": max(0, wall - now)})
            except OSError:
                return
            now = max(now, wall)
            time.sleep(0.05)

    threading.Thread(target=mine, daemon=True).start()
    server = subprocess.Popen([teller, "serve", "--listen", f"127.0.0.1:{rpc_port}", "--store", store, *flags])
    wait(lambda: rpc("service.info", {}), 30)
    rpc("account.credit", {"accountId": "bench", "amount": str(10**15)})

    def withdraw(first, last):
        batch = [
            {"jsonrpc": "2.0", "id": n, "method": "withdraw.create", "params": {
                "accountId": "bench", "amount": str(1_000_000 + n), "destination": "0:" + format(n + 1, "064x")}}
            for n in range(first, last)]
        for answer in post(f"http://127.0.0.1:{rpc_port}/rpc", batch):
            if "error" in answer:
                raise SystemExit(answer["error"])

    # The wallet deploys itself with the first; the rest waits until all are there.
    withdraw(0, 1)
    wait(lambda: rpc("account.get", {"accountId": "bench"})["account"]["held"] == "0", 60)
    rpc("task.pause", {"task": "payout-dispatcher", "reason": "the queue fills"})
    for first in range(1, count, 50):
        withdraw(first, min(first + 50, count))
    begin = time.monotonic()
    rpc("task.resume", {"task": "payout-dispatcher"})
    wait(lambda: rpc("account.get", {"accountId": "bench"})["account"]["held"] == "0", 600)
    seconds = time.monotonic() - begin
    for n in range(0, count, max(1, count // 50)):
        received = control("received", {"address": "0:" + format(n + 1, "064x")})
        if [row["value"] for row in received] != [str(1_000_000 + n)]:
            raise SystemExit(f"payment {n}: {received}")
    print(f"{(count - 1) / seconds:.0f} {count}")
finally:
    if server:
        server.terminate()
        server.wait(30)
    sandbox.terminate()
