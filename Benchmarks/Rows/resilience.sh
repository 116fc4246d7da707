# SPDX-FileCopyrightText: 2026 The Teller authors
# SPDX-License-Identifier: Apache-2.0
#
# The default retry policy beside gRPC, AWS and Envoy on the same simulated loads, and what the
# pipeline costs a call. Needs no server; the simulations are the same in every run.
. Benchmarks/Shared/common.sh

"$bin/ResilienceBenchmark"
