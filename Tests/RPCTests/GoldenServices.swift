// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TellerProtocol
import TestSupport

@testable import RPC

/// Services that answer as the golden examples say. The request id names the example, because
/// several have the same params.
struct GoldenServices: WithdrawService, AccountService, DepositService, AuctionService,
    PresaleService, TaskService, RetryPolicyService, UpstreamService, MarketService,
    InformationService
{
    static var methods: [RPCMethod] {
        let services = GoldenServices()
        return TellerServices(
            withdraw: services, account: services, deposit: services,
            auction: services, presale: services, task: services, retryPolicy: services,
            upstream: services, market: services, service: services
        ).methods
    }

    static func requestID(of example: GoldenExample) -> String {
        "\(example.method)-\(example.name)"
    }

    private func example(
        _ params: some JSONEncodable, _ context: RPCContext
    ) throws(RPCError) -> GoldenExample {
        guard
            let example = GoldenExample.all.first(where: {
                Self.requestID(of: $0) == context.requestID
            })
        else { throw RPCError(reason: .internal, message: "no such example") }
        let expected = (example.request["params"] ?? .object([])).sorted
        let found = try? JSONValue.parse(params.jsonBytes).sorted
        guard found == expected else {
            throw RPCError(reason: .internal, message: "the params changed on their way")
        }
        return example
    }

    private func answer<Result: JSONDecodable>(
        _ params: some JSONEncodable, _ context: RPCContext
    ) throws(RPCError) -> Result {
        let response = try example(params, context).response
        if let result = response["result"], let decoded = try? Result(jsonBytes: result.jsonBytes) {
            return decoded
        }
        let error = response["error"].flatMap { try? RPCError(jsonBytes: $0.jsonBytes) }
        throw error ?? RPCError(reason: .internal, message: "the answer is not readable")
    }

    func quote(
        _ params: WithdrawQuoteParams, _ context: RPCContext
    ) async throws(RPCError) -> WithdrawQuoteResult { try answer(params, context) }

    func create(
        _ params: WithdrawCreateParams, _ context: RPCContext
    ) async throws(RPCError) -> WithdrawCreateResult { try answer(params, context) }

    func get(
        _ params: WithdrawGetParams, _ context: RPCContext
    ) async throws(RPCError) -> WithdrawGetResult { try answer(params, context) }

    func list(
        _ params: WithdrawListParams, _ context: RPCContext
    ) async throws(RPCError) -> WithdrawListResult { try answer(params, context) }

    func cancel(
        _ params: WithdrawCancelParams, _ context: RPCContext
    ) async throws(RPCError) -> WithdrawCancelResult { try answer(params, context) }

    func get(
        _ params: AccountGetParams, _ context: RPCContext
    ) async throws(RPCError) -> AccountGetResult { try answer(params, context) }

    func credit(
        _ params: AccountCreditParams, _ context: RPCContext
    ) async throws(RPCError) -> AccountCreditResult { try answer(params, context) }

    func entries(
        _ params: AccountEntriesParams, _ context: RPCContext
    ) async throws(RPCError) -> AccountEntriesResult { try answer(params, context) }

    func address(
        _ params: DepositAddressParams, _ context: RPCContext
    ) async throws(RPCError) -> DepositAddressResult { try answer(params, context) }

    func list(
        _ params: DepositListParams, _ context: RPCContext
    ) async throws(RPCError) -> DepositListResult { try answer(params, context) }

    func assign(
        _ params: DepositAssignParams, _ context: RPCContext
    ) async throws(RPCError) -> DepositAssignResult { try answer(params, context) }

    func open(
        _ params: AuctionOpenParams, _ context: RPCContext
    ) async throws(RPCError) -> AuctionOpenResult { try answer(params, context) }

    func bid(
        _ params: AuctionBidParams, _ context: RPCContext
    ) async throws(RPCError) -> AuctionBidResult { try answer(params, context) }

    func cancel(
        _ params: AuctionCancelParams, _ context: RPCContext
    ) async throws(RPCError) -> AuctionCancelResult { try answer(params, context) }

    func get(
        _ params: AuctionGetParams, _ context: RPCContext
    ) async throws(RPCError) -> AuctionGetResult { try answer(params, context) }

    func list(
        _ params: AuctionListParams, _ context: RPCContext
    ) async throws(RPCError) -> AuctionListResult { try answer(params, context) }

    func open(
        _ params: PresaleOpenParams, _ context: RPCContext
    ) async throws(RPCError) -> PresaleOpenResult { try answer(params, context) }

    func buy(
        _ params: PresaleBuyParams, _ context: RPCContext
    ) async throws(RPCError) -> PresaleBuyResult { try answer(params, context) }

    func deliver(
        _ params: PresaleDeliverParams, _ context: RPCContext
    ) async throws(RPCError) -> PresaleDeliverResult { try answer(params, context) }

    func cancel(
        _ params: PresaleCancelParams, _ context: RPCContext
    ) async throws(RPCError) -> PresaleCancelResult { try answer(params, context) }

    func get(
        _ params: PresaleGetParams, _ context: RPCContext
    ) async throws(RPCError) -> PresaleGetResult { try answer(params, context) }

    func list(
        _ params: PresaleListParams, _ context: RPCContext
    ) async throws(RPCError) -> PresaleListResult { try answer(params, context) }

    func list(
        _ params: TaskListParams, _ context: RPCContext
    ) async throws(RPCError) -> TaskListResult { try answer(params, context) }

    func status(
        _ params: TaskStatusParams, _ context: RPCContext
    ) async throws(RPCError) -> TaskStatusResult { try answer(params, context) }

    func runs(
        _ params: TaskRunsParams, _ context: RPCContext
    ) async throws(RPCError) -> TaskRunsResult { try answer(params, context) }

    func pause(
        _ params: TaskPauseParams, _ context: RPCContext
    ) async throws(RPCError) -> TaskPauseResult { try answer(params, context) }

    func resume(
        _ params: TaskResumeParams, _ context: RPCContext
    ) async throws(RPCError) -> TaskResumeResult { try answer(params, context) }

    func restart(
        _ params: TaskRestartParams, _ context: RPCContext
    ) async throws(RPCError) -> TaskRestartResult { try answer(params, context) }

    func list(
        _ params: RetryPolicyListParams, _ context: RPCContext
    ) async throws(RPCError) -> RetryPolicyListResult { try answer(params, context) }

    func get(
        _ params: RetryPolicyGetParams, _ context: RPCContext
    ) async throws(RPCError) -> RetryPolicyGetResult { try answer(params, context) }

    func set(
        _ params: RetryPolicySetParams, _ context: RPCContext
    ) async throws(RPCError) -> RetryPolicySetResult { try answer(params, context) }

    func history(
        _ params: RetryPolicyHistoryParams, _ context: RPCContext
    ) async throws(RPCError) -> RetryPolicyHistoryResult { try answer(params, context) }

    func rollback(
        _ params: RetryPolicyRollbackParams, _ context: RPCContext
    ) async throws(RPCError) -> RetryPolicyRollbackResult { try answer(params, context) }

    func simulate(
        _ params: RetryPolicySimulateParams, _ context: RPCContext
    ) async throws(RPCError) -> RetryPolicySimulateResult { try answer(params, context) }

    func list(
        _ params: UpstreamListParams, _ context: RPCContext
    ) async throws(RPCError) -> UpstreamListResult { try answer(params, context) }

    func status(
        _ params: UpstreamStatusParams, _ context: RPCContext
    ) async throws(RPCError) -> UpstreamStatusResult { try answer(params, context) }

    func list(
        _ params: MarketListParams, _ context: RPCContext
    ) async throws(RPCError) -> MarketListResult { try answer(params, context) }

    func listings(
        _ params: MarketListingsParams, _ context: RPCContext
    ) async throws(RPCError) -> MarketListingsResult { try answer(params, context) }

    func balance(
        _ params: MarketBalanceParams, _ context: RPCContext
    ) async throws(RPCError) -> MarketBalanceResult { try answer(params, context) }

    func buy(
        _ params: MarketBuyParams, _ context: RPCContext
    ) async throws(RPCError) -> MarketBuyResult { try answer(params, context) }

    func withdraw(
        _ params: MarketWithdrawParams, _ context: RPCContext
    ) async throws(RPCError) -> MarketWithdrawResult { try answer(params, context) }

    func operation(
        _ params: MarketOperationParams, _ context: RPCContext
    ) async throws(RPCError) -> MarketOperationResult { try answer(params, context) }

    func watch(
        _ params: AuctionWatchParams, _ context: RPCContext, _ stream: RPCStream<AuctionEvent>
    ) async throws(RPCError) -> AuctionWatchResult {
        try await replay(params, context, to: stream)
        return try answer(params, context)
    }

    func watch(
        _ params: TaskWatchParams, _ context: RPCContext, _ stream: RPCStream<TaskEvent>
    ) async throws(RPCError) -> TaskWatchResult {
        try await replay(params, context, to: stream)
        return try answer(params, context)
    }

    var info: ServiceInfoResult {
        let example = GoldenExample.all.first { $0.method == "service.info" }
        let result = example?.response["result"] ?? .null
        guard let info = try? ServiceInfoResult(jsonBytes: result.jsonBytes) else {
            preconditionFailure("service.info has no example")
        }
        return info
    }

    func watch(
        _ params: WithdrawWatchParams, _ context: RPCContext,
        _ stream: RPCStream<WithdrawalEvent>
    ) async throws(RPCError) -> WithdrawWatchResult {
        try await replay(params, context, to: stream)
        return try answer(params, context)
    }

    private func replay<Event: JSONDecodable & JSONEncodable & Sendable>(
        _ params: some JSONEncodable, _ context: RPCContext, to stream: RPCStream<Event>
    ) async throws(RPCError) {
        for event in try example(params, context).events {
            guard let decoded = try? Event(jsonBytes: (event["params"] ?? .null).jsonBytes)
            else { throw RPCError(reason: .internal, message: "the event is not readable") }
            try await stream.send(decoded)
        }
    }
}
