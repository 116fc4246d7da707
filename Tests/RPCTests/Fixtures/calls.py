# SPDX-FileCopyrightText: 2026 The Teller authors
# SPDX-License-Identifier: Apache-2.0
"""httpx over HTTP/2 with prior knowledge, and over HTTP/1.1; prints one line for each answer."""

import sys

import httpx

url = f"http://127.0.0.1:{sys.argv[1]}/rpc"


def call(method, **params):
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


for http2 in [False, True]:
    with httpx.Client(http1=not http2, http2=http2, timeout=10) as client:
        answer = client.post(url, json=call("test.echo", count=1))
        print(answer.http_version, answer.status_code, answer.json()["result"])
        answer = client.post(url, json=[call("test.echo"), call("nothing")])
        print(len(answer.json()), answer.json()[1]["error"]["data"]["reason"])
        with client.stream("POST", url, json=call("test.count", count=2)) as stream:
            for line in stream.iter_lines():
                print(line)
        print(client.get(url).status_code)
