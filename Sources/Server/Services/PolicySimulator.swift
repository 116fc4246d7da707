// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import RPC
import Resilience
import Synchronization
import TellerProtocol
import Upstream

/// Does simulations, one at a time: each takes some 20 ms for each policy, and 50 ms at the worst.
///
/// They run apart from the event loops, on the pool of the program's other work, and let that go on
/// every two milliseconds or so.
final class PolicySimulator: Sendable {
    private let isBusy = Atomic(false)

    /// Takes what `params` say through the policy in effect and the proposed one.
    ///
    /// - Throws: `OVERLOADED` while another one is done, `CANCELLED` when the call's task is.
    func run(
        _ params: RetryPolicySimulateParams, proposed: CheckedRetryPolicy?, on upstream: Upstream
    ) async throws(RPCError) -> RetryPolicySimulateResult {
        guard !isBusy.exchange(true, ordering: .acquiring) else {
            throw RPCError(reason: .overloaded, retryAfterMilliseconds: 1000)
        }
        defer { isBusy.store(false, ordering: .releasing) }
        let seed = params.seed ?? 0
        let current = upstream.policy
        do {
            return try await withTaskExecutorPreference(globalConcurrentExecutor) {
                let load = SimulatedLoad(params.load, of: upstream)
                func run(_ policy: CheckedRetryPolicy) async throws -> SimulatedPolicy {
                    SimulatedPolicy(
                        try await Simulation.runYielding(load, policy, seed: UInt64(seed)))
                }
                let first = try await run(current)
                var second: SimulatedPolicy?
                if let proposed { second = try await run(proposed) }
                return RetryPolicySimulateResult(
                    load: params.load, seed: seed, current: first, proposed: second)
            }
        } catch {
            throw RPCError(reason: .cancelled)
        }
    }
}

extension SimulatedLoad {
    fileprivate init(_ load: SimulationLoad, of upstream: Upstream) {
        switch load {
        case .recorded: self.init(recorded: upstream.recorded)
        case .transientFaults: self.init(.transientFaults)
        case .fullOutage: self.init(.fullOutage)
        case .brownout: self.init(.brownout)
        case .slow: self.init(.slow)
        }
    }
}
