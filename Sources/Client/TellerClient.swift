// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Resilience
import Synchronization
public import TellerProtocol

/// Calls a Teller server.
///
/// One client holds one connection, which carries all calls at once, is kept alive, and is made
/// anew when it breaks or the server asks for it. The contract's methods are in `Generated/`; they
/// all come down to `call` and `stream`.
///
/// A call that moves money carries an idempotency key: the caller's own from the params, or one
/// derived from `CallOptions.businessID`, or one nobody has used. Every retry carries the same.
public final class TellerClient: Sendable {
    let configuration: ClientConfiguration
    let transport: any ClientTransport
    let environment: ClientEnvironment
    private let budget: Mutex<RetryBudget>
    /// Keys of journaled calls this process is working on; `resumePending` leaves them alone.
    private let keysInFlight = Mutex<[JournalEntry: Int]>([:])

    package init(
        configuration: ClientConfiguration, transport: any ClientTransport,
        environment: ClientEnvironment = .system
    ) {
        self.configuration = configuration
        self.transport = transport
        self.environment = environment
        budget = Mutex(
            RetryBudget(
                RetryBudget.Limits(
                    ratioPercent: configuration.retries.budgetPercent,
                    floor: configuration.retries.budgetFloor)))
    }

    /// Makes a client; it connects when it is first called.
    ///
    /// - Throws: `invalidArgument` for an endpoint, file or policy that cannot be used.
    public convenience init(configuration: ClientConfiguration) throws(TellerError) {
        try configuration.retries.validate()
        self.init(configuration: configuration, transport: try HTTP2Transport(configuration))
    }

    /// Takes no more calls and ends the connection.
    ///
    /// - Parameter grace: How long calls in flight may take; then they fail as `interrupted`.
    public func shutDown(grace: Duration = .seconds(5)) async {
        await transport.shutDown(grace: grace)
    }

    // MARK: Calls

    /// Calls a method that answers once.
    ///
    /// Cancelling the task resets the stream, which stops the server's work on it.
    public func call<Params: JSONEncodable, Result: JSONDecodable>(
        _ method: MethodDescriptor<Params, Result>, _ params: Params,
        options: CallOptions = CallOptions()
    ) async throws(TellerError) -> Result {
        var document = params.jsonBytes
        var entry: JournalEntry?
        if method.repeatable == .withKey {
            let keyed = try KeyedParams(document, options, environment)
            document = keyed.bytes
            entry = JournalEntry(method: method.name, key: keyed.key, params: document)
        }
        let attempt = CallAttempt(method: method.name, params: document, options: options)
        let answer: [UInt8]
        if let entry, let journal = configuration.keyJournal {
            answer = try await journaled(entry, journal) { () async throws(TellerError) in
                try await perform(attempt)
            }
        } else {
            answer = try await perform(attempt)
        }
        return try Answer.decode(answer)
    }

    /// Calls a method that streams.
    ///
    /// The sequence connects when it is first asked for an element, and again, with the cursor of
    /// the last event, when the connection breaks. It can be iterated once.
    public func stream<Params: JSONEncodable, Event: JSONDecodable, Result: JSONDecodable>(
        _ method: StreamDescriptor<Params, Event, Result>, _ params: Params,
        options: CallOptions = CallOptions()
    ) -> EventStream<Event, Result> {
        EventStream(client: self, method: method.name, params: params.jsonBytes, options: options)
    }

    // MARK: Journal

    /// A call that a former process, or a former attempt of this one, has left unsettled.
    public struct ResumedCall: Sendable {
        public var entry: JournalEntry
        /// The result as JSON, or why there is still none. The entry stays pending after errors
        /// that leave the outcome open.
        public var outcome: Result<JSONValue, TellerError>
    }

    /// Sends every pending call of the journal again, with its key, and tells what became of it.
    ///
    /// To be called at start, before new calls are made.
    public func resumePending(options: CallOptions = CallOptions()) async -> [ResumedCall] {
        guard let journal = configuration.keyJournal else { return [] }
        var resumed: [ResumedCall] = []
        for entry in await journal.pending() {
            guard keysInFlight.withLock({ $0[entry] == nil }) else { continue }
            let attempt = CallAttempt(
                method: entry.method, params: entry.params, options: options)
            let outcome: Result<JSONValue, TellerError>
            do throws(TellerError) {
                let answer = try await journaled(entry, journal) { () async throws(TellerError) in
                    try await perform(attempt)
                }
                outcome = .success(try Answer.decode(answer))
            } catch {
                outcome = .failure(error)
            }
            resumed.append(ResumedCall(entry: entry, outcome: outcome))
        }
        return resumed
    }

    /// Runs `body` once `entry` is durable, and forgets the entry when the outcome is known.
    private func journaled(
        _ entry: JournalEntry, _ journal: any KeyJournal,
        _ body: () async throws(TellerError) -> [UInt8]
    ) async throws(TellerError) -> [UInt8] {
        keysInFlight.withLock { $0[entry, default: 0] += 1 }
        defer {
            keysInFlight.withLock { keys in
                keys[entry, default: 1] -= 1
                if keys[entry] == 0 { keys[entry] = nil }
            }
        }
        do throws(JournalError) {
            try await journal.begin(entry)
        } catch {
            throw .journal(error)
        }
        do throws(TellerError) {
            let answer = try await body()
            await journal.complete(entry)
            return answer
        } catch {
            if error.isSettled { await journal.complete(entry) }
            throw error
        }
    }

    // MARK: Budget

    func countFirstAttempt() {
        budget.withLock { $0.recordAttempt(now: environment.now()) }
    }

    func takeRetry() -> Bool {
        budget.withLock { $0.takeRetry(now: environment.now()) }
    }
}

extension TellerError {
    /// Whether the server has said for good that the call changes nothing.
    ///
    /// A refusal that came before the key was looked at (no access, overload) says nothing about
    /// an earlier attempt of the same call.
    var isSettled: Bool {
        guard case .rpc(let error) = self else { return false }
        switch error.status {
        case .invalidArgument, .notFound, .alreadyExists, .failedPrecondition, .outOfRange:
            return !error.retryable
        default:
            return false
        }
    }
}
