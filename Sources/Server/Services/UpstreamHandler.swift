// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import RPC
import TellerProtocol
import Upstream

/// `upstream.*` over this instance's upstreams.
struct UpstreamHandler: UpstreamService {
    let instance: String
    let board: UpstreamBoard
    let policies: PolicyBoard

    func list(
        _ params: UpstreamListParams, _ context: RPCContext
    ) async throws(RPCError) -> UpstreamListResult {
        var upstreams: [UpstreamHealth] = []
        for upstream in board.registry.all { upstreams.append(await health(of: upstream)) }
        return UpstreamListResult(upstreams: upstreams)
    }

    func status(
        _ params: UpstreamStatusParams, _ context: RPCContext
    ) async throws(RPCError) -> UpstreamStatusResult {
        guard let upstream = board.registry[params.upstream] else {
            throw RPCError(reason: .upstreamNotFound)
        }
        return UpstreamStatusResult(upstream: await health(of: upstream))
    }

    private func health(of upstream: Upstream) async -> UpstreamHealth {
        let policy = await policies.inEffect(for: upstream)
        return UpstreamHealth(
            upstream.status(), of: upstream.name, on: instance, policyVersion: policy.version,
            wall: board.wall(at:))
    }
}
