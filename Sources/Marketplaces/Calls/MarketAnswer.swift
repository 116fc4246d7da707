// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import TellerProtocol
internal import Upstream

/// What the marketplaces' answers have in common.
enum MarketAnswer {
    /// What a refusal says, under whichever key.
    static func message(_ body: JSONValue) -> UpstreamRefusal {
        let keys = ["message", "error_message", "error", "detail"]
        return UpstreamRefusal(
            message: keys.lazy.compactMap { body[$0]?.string }.first { !$0.isEmpty })
    }

    /// The members that have a value: what is nil is left out.
    static func object(_ members: [(String, JSONValue?)]) -> JSONValue {
        .object(members.compactMap { name, value in value.map { .init(name, $0) } })
    }

    /// The texts as an array; nil for none.
    static func texts(_ texts: [String]) -> JSONValue? {
        texts.isEmpty ? nil : .array(texts.map { .string($0) })
    }
}

extension MarketCalls.Sent<WithdrawReceipt> {
    var receipt: WithdrawReceipt {
        switch self {
        case .answered(let receipt): receipt
        case .refused(let reason): WithdrawReceipt(.rejected, message: reason)
        case .unknown(let why): WithdrawReceipt(.unknown, message: why)
        }
    }
}

extension MarketCalls.Sent<BuyOutcome> {
    var outcome: BuyOutcome {
        switch self {
        case .answered(let outcome): outcome
        case .refused(let reason): .refused(reason)
        case .unknown(let why): .unknown(why)
        }
    }
}
