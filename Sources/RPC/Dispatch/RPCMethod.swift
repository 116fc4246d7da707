// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Telemetry
package import TellerProtocol

/// One method of the contract, bound to the service that answers it: an entry of the dispatch
/// table. The contract's generator writes these; nothing else should need to.
package final class RPCMethod: Sendable {
    /// Decodes the params, runs the service and writes the response to the call with that id.
    package typealias Unary =
        @Sendable (RPCParameters, RPCContext, _ id: ArraySlice<UInt8>) async throws(RPCError) ->
        [UInt8]

    /// Decodes the params, runs the service, which sends events, and writes the result, nothing
    /// else, to the writer.
    package typealias Streaming =
        @Sendable (RPCParameters, RPCContext, RPCEventSink, inout JSONWriter) async throws(RPCError)
        -> Void

    package enum Body: Sendable {
        case unary(Unary)
        case streaming(Streaming)
        /// The result of every call, as JSON text.
        case constant([UInt8])
    }

    /// The name on the wire, `withdraw.create`.
    package let name: String
    /// What the caller must be allowed to do.
    package let scope: Scope
    package let body: Body
    /// nil without metrics.
    let meter: CallMeter?

    package convenience init(_ name: String, scope: Scope, body: Body) {
        self.init(name, scope: scope, body: body, meter: nil)
    }

    private init(_ name: String, scope: Scope, body: Body, meter: CallMeter?) {
        self.name = name
        self.scope = scope
        self.body = body
        self.meter = meter
    }

    /// The same method, its calls counted in `metrics`.
    func measured(by metrics: MetricsRegistry) -> RPCMethod {
        RPCMethod(name, scope: scope, body: body, meter: CallMeter(self, metrics))
    }

    /// A method that answers once.
    package static func unary<Params: JSONDecodable & Sendable, Result: JSONEncodable & Sendable>(
        _ name: String, scope: Scope,
        _ call: @escaping @Sendable (Params, RPCContext) async throws(RPCError) -> Result
    ) -> RPCMethod {
        RPCMethod(
            name, scope: scope,
            body: .unary { (parameters, context, id) async throws(RPCError) in
                let params = try parameters.decode(Params.self)
                return Reply.result(try await call(params, context), id: id)
            })
    }

    /// A method that answers once and whose params may carry an idempotency key: the key of the
    /// params and that of the `Idempotency-Key` header must agree, and the context has it.
    package static func unary<
        Params: JSONDecodable & IdempotencyKeyed & Sendable, Result: JSONEncodable & Sendable
    >(
        _ name: String, scope: Scope,
        _ call: @escaping @Sendable (Params, RPCContext) async throws(RPCError) -> Result
    ) -> RPCMethod {
        RPCMethod(
            name, scope: scope,
            body: .unary { (parameters, context, id) async throws(RPCError) in
                let params = try parameters.decode(Params.self)
                let keyed = try context.merging(params.idempotencyKey)
                return Reply.result(try await call(params, keyed), id: id)
            })
    }

    /// A method that sends events and then answers.
    package static func streaming<
        Params: JSONDecodable & Sendable, Event: JSONEncodable & Sendable,
        Result: JSONEncodable & Sendable
    >(
        _ name: String, scope: Scope,
        _ call:
            @escaping @Sendable (Params, RPCContext, RPCStream<Event>) async throws(RPCError) ->
            Result
    ) -> RPCMethod {
        RPCMethod(
            name, scope: scope,
            body: .streaming { (parameters, context, sink, writer) async throws(RPCError) in
                let params = try parameters.decode(Params.self)
                let result = try await call(params, context, RPCStream(sink))
                result.encode(to: &writer)
            })
    }

    /// A method whose result is the same JSON text at every call, `rpc.discover` for one.
    package static func constant(_ name: String, scope: Scope, result: [UInt8]) -> RPCMethod {
        RPCMethod(name, scope: scope, body: .constant(result))
    }
}

/// The params of a method that takes none: `{}`.
struct NoParams: JSONDecodable {
    init(from reader: inout JSONReader) throws(JSONError) {
        try reader.readObject { (reader, key) throws(JSONError) in
            throw reader.unknownMember(key)
        }
    }
}
