// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Resilience
import TellerProtocol

/// Why an attempt failed and whether another may follow.
struct AttemptFailure: Error {
    enum Advice {
        case giveUp
        /// The server has not looked at the call.
        case notProcessed
        /// The failure may pass; the call may have been carried out. The server's wish is not to
        /// be asked again before `after`.
        case mayPass(after: Duration?)
    }

    var error: TellerError
    var advice: Advice
}

/// Decides about the further attempts of one call or stream.
struct RetryLoop {
    private let client: TellerClient
    /// On the clock of the client's environment; nil for none.
    private let deadline: Duration?
    private var retries = 0
    private var hasRetriedFreely = false
    private var lastCause: TellerError?

    init(client: TellerClient, deadline: Duration?) {
        self.client = client
        self.deadline = deadline
        client.countFirstAttempt()
    }

    /// The time that is left; nil for any.
    ///
    /// - Throws: When there is none, the cause of the last failed attempt; `deadlineExceeded` when
    ///   there has been no other.
    func remaining() throws(TellerError) -> Duration? {
        guard let deadline else { return nil }
        let remaining = deadline - client.environment.now()
        guard remaining > .zero else { throw lastCause ?? .deadlineExceeded }
        return remaining
    }

    /// A success: later failures (of a stream) begin to count anew.
    mutating func succeeded() {
        retries = 0
        hasRetriedFreely = false
        lastCause = nil
    }

    /// Waits until the next attempt is due.
    ///
    /// - Throws: The cause, `failure.error`, when there shall be none.
    mutating func wait(after failure: AttemptFailure) async throws(TellerError) {
        let cause = failure.error
        lastCause = cause
        let policy = client.configuration.retries
        if Task.isCancelled { throw .cancelled }
        var earliest = Duration.zero
        switch failure.advice {
        case .giveUp:
            throw cause
        case .notProcessed:
            // The first time costs nobody anything: a server that goes away has said so.
            if !hasRetriedFreely {
                hasRetriedFreely = true
                return
            }
        case .mayPass(let after):
            if let after {
                guard after <= policy.retryAfterMax else { throw cause }
                earliest = after
            }
        }
        retries += 1
        guard retries < policy.attemptsMax, client.takeRetry() else { throw cause }
        let backoff = Backoff(base: policy.backoffBase, cap: policy.backoffMax)
        var random = InjectedRandom(source: client.environment.random)
        let delay = earliest + backoff.delay(retry: retries, using: &random)
        // Waiting past the deadline would only hide the cause.
        if let deadline, client.environment.now() + delay >= deadline { throw cause }
        do {
            try await client.environment.sleep(delay)
        } catch {
            throw .cancelled
        }
    }
}

extension TellerClient {
    /// Makes the call, as often as needed and allowed, and returns its `result` as JSON.
    ///
    /// Every call may be repeated: the contract's methods change nothing twice, or carry a key.
    func perform(_ attempt: CallAttempt) async throws(TellerError) -> [UInt8] {
        let allowed = attempt.options.deadline ?? configuration.deadline
        var loop = RetryLoop(client: self, deadline: environment.now() + allowed)
        while true {
            let remaining = try loop.remaining() ?? allowed
            do throws(AttemptFailure) {
                return try await send(attempt, remaining: remaining)
            } catch {
                try await loop.wait(after: error)
            }
        }
    }

    private func send(
        _ attempt: CallAttempt, remaining: Duration
    ) async throws(AttemptFailure) -> [UInt8] {
        let timeout = min(remaining, configuration.retries.attemptTimeout ?? remaining)
        let response: HTTPResponse
        do throws(TransportFailure) {
            response = try await transport.send(
                attempt.request(timeout: timeout, token: configuration.token))
        } catch {
            throw AttemptFailure(error, wasLast: timeout == remaining)
        }
        guard response.status == 200 else {
            throw AttemptFailure(
                status: response.status, headers: response.headers, body: response.body)
        }
        let answer: Result<[UInt8], RPCError>
        do throws(TellerError) {
            answer = try Answer.read(response.body)
        } catch {
            throw AttemptFailure(error: error, advice: .giveUp)
        }
        switch answer {
        case .success(let result): return result
        case .failure(let error): throw AttemptFailure(error, isOurDeadline: timeout == remaining)
        }
    }
}

extension AttemptFailure {
    /// - Parameter wasLast: Whether the attempt had all the time the call has left.
    init(_ failure: TransportFailure, wasLast: Bool) {
        func transport(_ kind: TransportError.Kind) -> TellerError {
            .transport(TransportError(kind, failure.message))
        }
        switch failure.kind {
        case .unreachable:
            self.init(error: transport(.unreachable), advice: .mayPass(after: nil))
        case .notProcessed:
            self.init(error: transport(.notProcessed), advice: .notProcessed)
        case .interrupted:
            self.init(error: transport(.interrupted), advice: .mayPass(after: nil))
        case .answerTooLarge:
            self.init(error: transport(.answerTooLarge), advice: .giveUp)
        case .timedOut:
            self.init(error: .deadlineExceeded, advice: wasLast ? .giveUp : .mayPass(after: nil))
        case .cancelled:
            self.init(error: .cancelled, advice: .giveUp)
        case .shutDown:
            self.init(error: transport(.shutDown), advice: .giveUp)
        }
    }

    /// - Parameter isOurDeadline: Whether the server was told the call's own deadline, so that
    ///   its `DEADLINE_EXCEEDED` means that.
    init(_ error: RPCError, isOurDeadline: Bool, retryAfter: Duration? = nil) {
        if error.status == .deadlineExceeded {
            self.init(
                error: .deadlineExceeded, advice: isOurDeadline ? .giveUp : .mayPass(after: nil))
        } else if error.retryable {
            let after = error.retryAfterMilliseconds.map { Duration.milliseconds(max(0, $0)) }
            self.init(error: .rpc(error), advice: .mayPass(after: after ?? retryAfter))
        } else {
            self.init(error: .rpc(error), advice: .giveUp)
        }
    }

    /// The failure behind an HTTP status other than 200.
    init(status: Int, headers: HTTPHeaders, body: [UInt8]) {
        let error = Answer.failure(status, body)
        let retryAfter = Answer.retryAfter(headers)
        if case .rpc(let refusal) = error {
            self.init(refusal, isOurDeadline: true, retryAfter: retryAfter)
        } else if [429, 502, 503, 504].contains(status) {
            // A proxy's answer: RFC 9110 section 15.6.
            self.init(error: error, advice: .mayPass(after: retryAfter))
        } else {
            self.init(error: error, advice: .giveUp)
        }
    }
}
