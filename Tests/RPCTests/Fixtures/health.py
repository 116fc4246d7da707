# SPDX-FileCopyrightText: 2026 The Teller authors
# SPDX-License-Identifier: Apache-2.0
"""grpcio's own health stub against the RPC port; prints one line for each answer."""

import json
import sys
import urllib.request

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

channel = grpc.insecure_channel(f"127.0.0.1:{sys.argv[1]}")
stub = health_pb2_grpc.HealthStub(channel)


def change(text):
    """Makes the server ready or not, through a method of the test's."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "test.health", "params": {"text": text}}
    url = f"http://127.0.0.1:{sys.argv[1]}/rpc"
    urllib.request.urlopen(url, json.dumps(call).encode()).read()


def name(status):
    return health_pb2.HealthCheckResponse.ServingStatus.Name(status)


def check(service):
    request = health_pb2.HealthCheckRequest(service=service)
    try:
        return name(stub.Check(request, timeout=10).status)
    except grpc.RpcError as error:
        return error.code().name


for service in ["", "readiness", "liveness", "unknown"]:
    print("check", service, check(service))

listed = stub.List(health_pb2.HealthListRequest(), timeout=10).statuses
for service in sorted(listed):
    print("list", service, name(listed[service].status))

unknown = stub.Watch(health_pb2.HealthCheckRequest(service="unknown"), timeout=60)
print("watch", name(next(unknown).status))
unknown.cancel()

try:
    channel.unary_unary("/grpc.health.v1.Health/Other")(b"", timeout=10)
except grpc.RpcError as error:
    print("other", error.code().name)
try:
    channel.unary_unary("/grpc.health.v1.Health/Check")(b"x" * 5000, timeout=10)
except grpc.RpcError as error:
    print("large", error.code().name)

watch = stub.Watch(health_pb2.HealthCheckRequest(), timeout=60)
for text in ["block", "unblock", "drain"]:
    print("watch", name(next(watch).status))
    change(text)
try:
    for answer in watch:
        print("watch", name(answer.status))
except grpc.RpcError as error:
    print("end", error.code().name)
