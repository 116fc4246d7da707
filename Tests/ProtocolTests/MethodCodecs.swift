// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TellerProtocol

/// A method's generated codecs, as functions from bytes to bytes.
struct MethodCodecs: Sendable {
    typealias Codec = @Sendable ([UInt8]) throws -> [UInt8]

    let params: Codec
    let result: Codec
    var event: Codec?

    static let all: [String: MethodCodecs] = [
        "withdraw.quote": MethodCodecs(Methods.withdrawQuote),
        "withdraw.create": MethodCodecs(Methods.withdrawCreate),
        "withdraw.get": MethodCodecs(Methods.withdrawGet),
        "withdraw.list": MethodCodecs(Methods.withdrawList),
        "withdraw.cancel": MethodCodecs(Methods.withdrawCancel),
        "withdraw.watch": MethodCodecs(Methods.withdrawWatch),
        "account.get": MethodCodecs(Methods.accountGet),
        "account.credit": MethodCodecs(Methods.accountCredit),
        "account.entries": MethodCodecs(Methods.accountEntries),
        "auction.open": MethodCodecs(Methods.auctionOpen),
        "auction.bid": MethodCodecs(Methods.auctionBid),
        "auction.cancel": MethodCodecs(Methods.auctionCancel),
        "auction.get": MethodCodecs(Methods.auctionGet),
        "auction.list": MethodCodecs(Methods.auctionList),
        "auction.watch": MethodCodecs(Methods.auctionWatch),
        "presale.open": MethodCodecs(Methods.presaleOpen),
        "presale.buy": MethodCodecs(Methods.presaleBuy),
        "presale.deliver": MethodCodecs(Methods.presaleDeliver),
        "presale.cancel": MethodCodecs(Methods.presaleCancel),
        "presale.get": MethodCodecs(Methods.presaleGet),
        "presale.list": MethodCodecs(Methods.presaleList),
        "task.list": MethodCodecs(Methods.taskList),
        "task.status": MethodCodecs(Methods.taskStatus),
        "task.runs": MethodCodecs(Methods.taskRuns),
        "task.watch": MethodCodecs(Methods.taskWatch),
        "deposit.address": MethodCodecs(Methods.depositAddress),
        "deposit.list": MethodCodecs(Methods.depositList),
        "deposit.assign": MethodCodecs(Methods.depositAssign),
        "task.pause": MethodCodecs(Methods.taskPause),
        "task.resume": MethodCodecs(Methods.taskResume),
        "task.restart": MethodCodecs(Methods.taskRestart),
        "retryPolicy.list": MethodCodecs(Methods.retryPolicyList),
        "retryPolicy.get": MethodCodecs(Methods.retryPolicyGet),
        "retryPolicy.set": MethodCodecs(Methods.retryPolicySet),
        "retryPolicy.history": MethodCodecs(Methods.retryPolicyHistory),
        "retryPolicy.rollback": MethodCodecs(Methods.retryPolicyRollback),
        "retryPolicy.simulate": MethodCodecs(Methods.retryPolicySimulate),
        "upstream.list": MethodCodecs(Methods.upstreamList),
        "upstream.status": MethodCodecs(Methods.upstreamStatus),
        "market.list": MethodCodecs(Methods.marketList),
        "market.listings": MethodCodecs(Methods.marketListings),
        "market.balance": MethodCodecs(Methods.marketBalance),
        "market.buy": MethodCodecs(Methods.marketBuy),
        "market.withdraw": MethodCodecs(Methods.marketWithdraw),
        "market.operation": MethodCodecs(Methods.marketOperation),
        "service.info": MethodCodecs(Methods.serviceInfo),
    ]

    init<Params: JSONDecodable & SendableMetatype, Result: JSONEncodable & SendableMetatype>(
        _: MethodDescriptor<Params, Result>
    ) {
        params = { try Params(jsonBytes: $0).jsonBytes }
        result = { try Result(jsonBytes: $0).jsonBytes }
    }

    init<
        Params: JSONDecodable & SendableMetatype, Event: JSONEncodable & SendableMetatype,
        Result: JSONEncodable & SendableMetatype
    >(
        _: StreamDescriptor<Params, Event, Result>
    ) {
        params = { try Params(jsonBytes: $0).jsonBytes }
        result = { try Result(jsonBytes: $0).jsonBytes }
        event = { try Event(jsonBytes: $0).jsonBytes }
    }
}

extension JSONValue {
    /// The value with `member` added to every object in it.
    func adding(_ member: Member) -> JSONValue {
        switch self {
        case .object(let members):
            .object(members.map { Member($0.key, $0.value.adding(member)) } + [member])
        case .array(let elements): .array(elements.map { $0.adding(member) })
        default: self
        }
    }

    /// The value with `change` made to one member after the other: each object once for each
    /// of its members, with the member's path.
    func changingEachMember(
        at path: String = "", _ change: (JSONValue) -> JSONValue?
    ) -> [(path: String, value: JSONValue)] {
        switch self {
        case .object(let members):
            return members.indices.flatMap { index in
                let member = members[index]
                let place = path.isEmpty ? member.key : "\(path).\(member.key)"
                var inner = member.value.changingEachMember(at: place, change).map {
                    (path: $0.path, new: Optional($0.value))
                }
                inner.append((place, change(member.value)))
                return inner.map { changed in
                    var copy = members
                    if let new = changed.new {
                        copy[index].value = new
                    } else {
                        copy.remove(at: index)
                    }
                    return (changed.path, JSONValue.object(copy))
                }
            }
        case .array(let elements):
            return elements.indices.flatMap { index in
                elements[index].changingEachMember(at: "\(path)[\(index)]", change).map { changed in
                    var copy = elements
                    copy[index] = changed.value
                    return (changed.path, JSONValue.array(copy))
                }
            }
        default: return []
        }
    }
}
