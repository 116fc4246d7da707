// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import TellerProtocol
import Tracing

extension RPCHandler {
    /// Answers a batch: its calls run at once, and each passes the interceptors on its own. The
    /// answers stand in the order of the calls.
    func answer(
        batch elements: [Range<Int>], of incoming: IncomingRequest, _ exchange: any HTTPExchange
    ) async {
        if let fault = incoming.metadata.fault?.error ?? keyFault(incoming) {
            refusalMeters?.noMethod.count(fault.status)
            let reply = Reply.error(fault, id: nil, requestID: incoming.requestID)
            return respond(reply, to: incoming, exchange)
        }
        let replies = await withTaskGroup(of: (Int, [UInt8]?).self) { group in
            for (index, element) in elements.enumerated() {
                group.addTask { (index, await self.reply(toElement: element, of: incoming)) }
            }
            var replies = [[UInt8]?](repeating: nil, count: elements.count)
            var bytesCount = 0
            for await (index, reply) in group {
                guard var reply else { continue }
                if bytesCount + reply.count > limits.batchReplyBytesMax {
                    reply = replyTooLarge(toElement: elements[index], of: incoming)
                }
                bytesCount += reply.count
                replies[index] = reply
            }
            return replies
        }
        respond(join(replies), to: incoming, exchange)
    }

    private func keyFault(_ incoming: IncomingRequest) -> RPCError? {
        guard incoming.metadata.idempotencyKey != nil else { return nil }
        return .invalidRequest("a batch takes its keys as params, not as Idempotency-Key")
    }

    /// The answer to one element; nil for a notification.
    private func reply(toElement element: Range<Int>, of incoming: IncomingRequest) async
        -> [UInt8]?
    {
        let call: Call
        switch Envelope.parse(incoming.body, element: element, limits: limits) {
        case .call(let parsed): call = parsed
        case .invalid(let error, let id):
            refusalMeters?.noMethod.count(error.status)
            return Reply.error(
                error, id: id.map { incoming.body[$0] }, requestID: incoming.requestID)
        }
        let span = startSpan(of: call, incoming)
        let reply: [UInt8]
        if let context = traceContext(span, incoming) {
            reply = await InstrumentationContext.$current.withValue(context) {
                await self.reply(to: call, of: incoming, span)
            }
        } else {
            reply = await self.reply(to: call, of: incoming, span)
        }
        return call.id == nil ? nil : reply
    }

    /// The answer to the call of one element.
    private func reply(
        to call: Call, of incoming: IncomingRequest, _ span: CallSpan?
    ) async -> [UInt8] {
        do throws(Refusal) {
            let method = try admit(call, of: incoming, span)
            defer { calls.leave(incoming.connection) }
            switch method.body {
            case .constant(let result):
                return reply(of: result, to: call, method: method, of: incoming, span)
            case .unary(let body):
                return await reply(of: body, to: call, method: method, of: incoming, span)
            case .streaming:
                let error = RPCError.invalidRequest("a stream cannot be part of a batch")
                note(error.status, of: method, in: incoming, span)
                throw Refusal(status: 200, error: error)
            }
        } catch {
            return Reply.error(
                error.error, id: incoming.id(of: call), requestID: incoming.requestID)
        }
    }

    /// Stands for an answer that no longer fits. The call has been executed, which its caller
    /// can find out by asking again, with the same key where there is one.
    private func replyTooLarge(toElement element: Range<Int>, of incoming: IncomingRequest)
        -> [UInt8]
    {
        var id: Range<Int>?
        switch Envelope.parse(incoming.body, element: element, limits: limits) {
        case .call(let call): id = call.id
        case .invalid(_, let usable): id = usable
        }
        let problem = "executed, but the batch's answers exceed \(limits.batchReplyBytesMax) bytes"
        return Reply.error(
            .tooLarge(problem), id: id.map { incoming.body[$0] }, requestID: incoming.requestID)
    }

    /// The array of all answers; nil when there are none (specification section 6).
    private func join(_ replies: [[UInt8]?]) -> [UInt8]? {
        var body: [UInt8] = []
        body.reserveCapacity(replies.reduce(2) { $0 + ($1?.count ?? 0) + 1 })
        for case let reply? in replies {
            body.append(body.isEmpty ? UInt8(ascii: "[") : UInt8(ascii: ","))
            body.append(contentsOf: reply)
        }
        guard !body.isEmpty else { return nil }
        body.append(UInt8(ascii: "]"))
        return body
    }
}
