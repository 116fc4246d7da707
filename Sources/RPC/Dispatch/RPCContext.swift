// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import HTTPMessages
package import Logging
package import Telemetry
package import TellerProtocol
import Tracing

/// What a service knows of the call it answers, beside the params.
///
/// The call's task is cancelled when the deadline passes or the caller goes away, so a service
/// need only let cancellation stop it.
package struct RPCContext: Sendable {
    private let incoming: IncomingRequest
    /// The key under which the call executes once: of the params or of the `Idempotency-Key`
    /// header, which agree when both are there. nil when the call is unprotected.
    package private(set) var idempotencyKey: IdempotencyKey?
    /// When the server stops working for this call, on `RPCClock.now`'s scale.
    package let deadline: Duration

    init(_ incoming: IncomingRequest, deadline: Duration) {
        self.incoming = incoming
        self.deadline = deadline
        idempotencyKey = incoming.metadata.idempotencyKey
    }

    /// Who calls; the tenant leads every key in the ledger.
    package var principal: Principal { incoming.principal }
    /// Names this request in logs, errors and the `x-request-id` response header.
    package var requestID: String { incoming.requestID }
    /// The trace with the span of this call, or with the caller's when this one is not recorded;
    /// nil when there is no trace.
    package var trace: TraceContext? {
        InstrumentationContext.current?.trace ?? incoming.metadata.trace
    }
    package var connection: HTTPConnectionInfo { incoming.connection }

    /// A logger that says which request, whose and in which trace; made only when asked for.
    package var logger: Logger {
        var logger = incoming.logger
        logger[metadataKey: "requestId"] = "\(requestID)"
        logger[metadataKey: "principal"] = "\(principal.name)"
        if let trace { logger[metadataKey: "traceId"] = "\(trace.traceIDText)" }
        return logger
    }

    /// The context with the key of the params.
    ///
    /// - Throws: `INVALID_PARAMS` when the header named another key.
    package func merging(_ key: IdempotencyKey?) throws(RPCError) -> RPCContext {
        guard let key else { return self }
        if let idempotencyKey, idempotencyKey != key { throw .keysDisagree }
        var merged = self
        merged.idempotencyKey = key
        return merged
    }
}
