// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import RPC

extension TellerServer {
    /// What answers the contract's methods.
    static func services(
        _ configuration: ServerConfiguration, bookkeeper: Bookkeeper, board: TaskBoard,
        upstreams: UpstreamBoard, policies: PolicyBoard, deposits: DepositDesk?,
        markets: Markets,
        limits: RPCLimits, clock: RPCClock
    ) -> TellerServices {
        TellerServices(
            withdraw: WithdrawHandler(
                ledger: bookkeeper, network: configuration.network,
                requiresKey: configuration.requiresKey),
            account: AccountHandler(
                ledger: bookkeeper, requiresKey: configuration.requiresKey, deposits: deposits),
            deposit: DepositHandler(desk: deposits, ledger: bookkeeper, clock: clock),
            task: TaskHandler(board: board, clock: clock),
            retryPolicy: RetryPolicyHandler(board: policies, clock: clock),
            upstream: UpstreamHandler(
                instance: board.instance, board: upstreams, policies: policies),
            market: MarketHandler(
                desk: markets.desk, requiresKey: configuration.requiresKey),
            service: InformationHandler(
                environment: configuration.environment, startedAt: clock.wall, limits: limits))
    }
}
