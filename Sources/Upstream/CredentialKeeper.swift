// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Keeps an upstream's credentials, and lets one caller at a time fetch others.
///
/// ```
///            no credentials, or refused ones             fetched: all that wait have them
///   IDLE ────────────────────────────────► FETCHING ─────────────────────────────────────► IDLE
///                                            │  ▲ failed: all that wait fail with it
///                                            │  └─ the fetching caller left: one that waits fetches
/// ```
///
/// A hundred calls that are refused together wait for one fetch. There are never more that wait
/// than the policy lets attempts be under way. The guard of everything is the mutex.
final class CredentialKeeper: Sendable {
    /// What those that wait are told.
    private enum News: Sendable {
        case fetched(UpstreamCredentials)
        case failed(any Error)
        /// Look again: nobody fetches any more, or this caller was cancelled.
        case lookAgain
    }

    private struct State {
        var kept: UpstreamCredentials?
        var isFetching = false
        var waitersMade = 0
        var waiters: [Int: CheckedContinuation<News, Never>] = [:]
    }

    private enum Step {
        case have(UpstreamCredentials)
        case fetch
        case wait
    }

    private let provider: any AuthProvider
    private let state = Mutex(State())

    init(_ provider: any AuthProvider) { self.provider = provider }

    /// Credentials other than `refused`, or `refused` again when the provider has no others.
    ///
    /// - Throws: What the provider throws, or `CancellationError`.
    func credentials(
        replacing refused: UpstreamCredentials? = nil
    ) async throws -> UpstreamCredentials {
        while true {
            try Task.checkCancellation()
            switch step(refused) {
            case .have(let kept): return kept
            case .fetch: return try await fetch(refused)
            case .wait:
                switch await news() {
                case .fetched(let fetched): return fetched
                case .failed(let error): throw error
                case .lookAgain: continue
                }
            }
        }
    }

    private func step(_ refused: UpstreamCredentials?) -> Step {
        state.withLock { state in
            if let kept = state.kept, kept != refused { return .have(kept) }
            if state.isFetching { return .wait }
            state.isFetching = true
            return .fetch
        }
    }

    private func fetch(_ refused: UpstreamCredentials?) async throws -> UpstreamCredentials {
        do {
            let fetched = try await provider.credentials(replacing: refused)
            finish(.fetched(fetched))
            return fetched
        } catch {
            finish(Task.isCancelled ? .lookAgain : .failed(error))
            throw error
        }
    }

    private func finish(_ news: News) {
        let waiters = state.withLock { state in
            if case .fetched(let fetched) = news { state.kept = fetched }
            state.isFetching = false
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume(returning: news) }
    }

    private func news() async -> News {
        let number = state.withLock { state in
            state.waitersMade += 1
            return state.waitersMade
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let isOver = state.withLock { state in
                    // The fetch may have ended, or the caller left, since it was told to wait.
                    guard state.isFetching, !Task.isCancelled else { return true }
                    state.waiters[number] = waiter
                    return false
                }
                if isOver { waiter.resume(returning: .lookAgain) }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: number) }?.resume(returning: .lookAgain)
        }
    }
}
