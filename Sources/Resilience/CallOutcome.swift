// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// What kind of end an attempt came to.
package enum CallClass: String, Sendable, CaseIterable {
    case succeeded
    /// No connection came about: the upstream has seen nothing.
    case connect
    /// No whole answer in the attempt's time.
    case timeout
    /// HTTP status 429.
    case tooManyRequests
    /// HTTP status 5xx.
    case server
    /// The connection broke, or the answer is not what it must be.
    case `protocol`
    /// Another 4xx: the upstream works, and says that the call is wrong.
    case rejected
    /// The caller went away before there was an answer.
    case cancelled

    /// The classes that speak against the upstream; only after these may another attempt help.
    package static let failures: [CallClass] = [
        .connect, .timeout, .tooManyRequests, .server, .protocol,
    ]

    /// Whether it speaks against the upstream.
    package var isFailure: Bool {
        switch self {
        case .connect, .timeout, .tooManyRequests, .server, .protocol: true
        case .succeeded, .rejected, .cancelled: false
        }
    }

    /// What the breaker learns: an answer that blames the caller shows an upstream that works.
    var evidence: CircuitBreaker.Outcome {
        switch self {
        case .succeeded, .rejected: .succeeded
        case .connect, .timeout, .tooManyRequests, .server, .protocol: .failed
        case .cancelled: .ignored
        }
    }
}

/// What an attempt came to, as far as the pipeline cares.
package struct CallOutcome: Sendable, Equatable {
    package var callClass: CallClass
    /// The upstream's wish not to be asked again before; nil for none, never negative.
    package var retryAfter: Duration?
    /// Whether the upstream may have carried the call out. Where that is false for all attempts
    /// of a call that is sent once, sending it anew is safe.
    package var mayHaveBeenProcessed: Bool

    /// - Parameter mayHaveBeenProcessed: nil for what the class alone says; a transport that
    ///   knows better (a refused HTTP/2 stream) says so.
    package init(
        _ callClass: CallClass, retryAfter: Duration? = nil, mayHaveBeenProcessed: Bool? = nil
    ) {
        self.callClass = callClass
        self.retryAfter = retryAfter.map { max(.zero, $0) }
        self.mayHaveBeenProcessed =
            switch callClass {
            case .connect, .tooManyRequests, .rejected: mayHaveBeenProcessed ?? false
            case .succeeded, .timeout, .server, .protocol, .cancelled:
                mayHaveBeenProcessed ?? true
            }
    }

    /// The outcome behind a whole answer.
    ///
    /// - Parameter httpStatus: Any number; one that no answer can have is a `protocol` failure.
    ///   A redirect counts as success: whether to follow is the caller's business.
    package init(httpStatus: Int, retryAfter: Duration? = nil) {
        let callClass: CallClass =
            switch httpStatus {
            case 200..<400: .succeeded
            case 429: .tooManyRequests
            case 400..<500: .rejected
            case 500..<600: .server
            default: .protocol
            }
        self.init(callClass, retryAfter: retryAfter)
    }
}
