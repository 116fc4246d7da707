// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Resilience
internal import TellerProtocol
internal import Upstream

/// The calls of one account, in turns: reads, and what is sent at most once.
struct MarketCalls: Sendable {
    /// What came of a call that was sent once.
    enum Sent<Value: Sendable>: Sendable {
        case answered(Value)
        /// It was surely not carried out; why, in others' words, redacted.
        case refused(String)
        /// It may have been carried out; why nobody knows, safe to show.
        case unknown(String)
    }

    /// What a call may take in all, with the wait for its turn.
    static let callTime = Duration.seconds(60)
    /// The status of a refusal that is told with another one: nothing was carried out.
    static let refusal = 422
    /// 4xx that something in between may say of a call it has passed on.
    private static let doubtful: Set<Int> = [408, 499]

    let name: String
    private let environment: UpstreamEnvironment
    private let turns: CallTurns

    init(name: String, interval: Duration, environment: UpstreamEnvironment) {
        self.name = name
        self.environment = environment
        turns = CallTurns(CallSpacing(interval: interval), environment: environment)
    }

    /// The time since 1970-01-01T00:00:00Z.
    var wallClock: Duration { environment.wallClock() }

    func random() -> UInt64 { environment.random() }

    // MARK: - Reading

    /// - Parameter endpoint: One that may be repeated.
    func read<Value: Sendable>(
        _ upstream: Upstream, _ endpoint: UpstreamEndpoint,
        _ request: UpstreamRequest = UpstreamRequest(),
        reading read: @escaping @Sendable (AnswerValue) throws(JSONError) -> Value
    ) async throws(MarketplaceError) -> Value {
        precondition(endpoint.repetition == .repeatable, "what is sent once is no reading")
        let timeLeft = try await turn()
        do throws(UpstreamError) {
            return try await upstream.call(endpoint, request, within: timeLeft, reading: read)
        } catch {
            throw Self.failure(error)
        }
    }

    // MARK: - Sending once

    /// - Parameters:
    ///   - endpoint: One of `.once`.
    ///   - read: Refuses what does not say for certain that the call was carried out or not.
    /// - Throws: when surely nothing was carried out, and the marketplace did not decide that.
    func sendOnce<Value: Sendable>(
        _ upstream: Upstream, _ endpoint: UpstreamEndpoint, _ request: UpstreamRequest,
        reading read: @escaping @Sendable (AnswerValue) throws(JSONError) -> Value
    ) async throws(MarketplaceError) -> Sent<Value> {
        precondition(endpoint.repetition == .once, "it must not be sent again")
        let timeLeft = try await turn()
        do throws(UpstreamError) {
            return .answered(
                try await upstream.call(endpoint, request, within: timeLeft, reading: read))
        } catch {
            if error.mayHaveBeenProcessed || error.status.map(Self.doubtful.contains) == true {
                return .unknown(error.description)
            }
            let failure = Self.failure(error)
            guard case .refused = failure else { throw failure }
            return .refused(error.detail.isEmpty ? error.description : error.detail)
        }
    }

    // MARK: - Both

    func invalid(_ problem: String) -> MarketplaceError {
        .invalid(market: name, problem: problem)
    }

    func unsupported(_ call: String) -> MarketplaceError {
        .unsupported(market: name, call: call)
    }

    /// Waits for a turn.
    ///
    /// - Returns: What is left of the call's time.
    private func turn() async throws(MarketplaceError) -> Duration {
        let deadline = environment.now() + Self.callTime
        do throws(CallTurns.Refusal) {
            try await turns.wait(until: deadline)
        } catch {
            switch error {
            case .crowded: throw .crowded(market: name)
            case .cancelled: throw .cancelled
            }
        }
        return deadline - environment.now()
    }

    private static func failure(_ error: UpstreamError) -> MarketplaceError {
        switch (error.code, error.status) {
        case (.cancelled, _): .cancelled
        case (.invalidRequest, _): .invalid(market: error.upstream, problem: error.problem)
        case (.rejected, 401), (.rejected, 403): .unauthorized(error)
        case (.rejected, _): .refused(error)
        default: .unavailable(error)
        }
    }
}
