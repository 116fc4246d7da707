// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Ledger
import RPC

extension TellerServer {
    /// What answers the contract's methods.
    static func services(
        _ configuration: ServerConfiguration, _ opened: OpenedStore, bookkeeper: Bookkeeper,
        board: TaskBoard, upstreams: UpstreamBoard, policies: PolicyBoard, ton: TONPayer?,
        markets: Markets,
        limits: RPCLimits, clock: RPCClock
    ) -> TellerServices {
        let deposits = ton?.desk(opened.chain)
        let sales = DealDesk(
            store: opened.deals, settings: configuration.deals,
            requiresKey: configuration.requiresKey,
            clock: LedgerClock { clock.wall })
        return TellerServices(
            withdraw: WithdrawHandler(
                ledger: bookkeeper, network: configuration.network,
                requiresKey: configuration.requiresKey),
            account: AccountHandler(
                ledger: bookkeeper, requiresKey: configuration.requiresKey, deposits: deposits),
            deposit: DepositHandler(desk: deposits, ledger: bookkeeper, clock: clock),
            auction: AuctionHandler(desk: sales), presale: PresaleHandler(desk: sales),
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
