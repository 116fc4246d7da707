// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
package import TON

/// The chain, through one or several endpoints of toncenter's API.
///
/// * **Reading.** The healthiest and least late endpoint is asked, then the next, until one answers
///   with something usable; each is asked once. An account's state never goes back: one that is
///   older than any that was seen is passed over, whoever shows it.
/// * **Sending.** The same bytes go to all healthy endpoints at once.
///
/// An endpoint that fails is asked last, until `probe`, to be called from time to time, or necessity
/// finds it well again.
package final class ChainClient: Sendable {
    package static let endpointsMax = 8

    private let endpoints: [ToncenterClient]
    private let board: Mutex<EndpointBoard>

    /// - Parameter endpoints: From 1 to `endpointsMax`, the preferred first, of one network.
    package init(_ endpoints: [ToncenterClient]) {
        precondition((1...Self.endpointsMax).contains(endpoints.count))
        self.endpoints = endpoints
        board = Mutex(EndpointBoard(endpoints.map(\.name)))
    }

    /// In the order of the configuration.
    package var statuses: [EndpointStatus] { board.withLock { $0.statuses } }

    /// The newest block any endpoint has shown; nil before the first.
    package var newestBlock: ChainBlock? { board.withLock { $0.newest } }

    // MARK: - Reading

    /// The account, as of a block that is at least as new as any that was seen before.
    ///
    /// - Parameter oldest: A block known from elsewhere, such as the store; what is older than it is
    ///   stale, from now on.
    /// - Throws: What the first endpoint that was asked fails of; `.stale` when it is that.
    package func accountState(
        of address: TONAddress, notBefore oldest: ChainBlock? = nil
    ) async throws(ChainError) -> AccountState {
        try await first { (endpoint, index) throws(ChainError) in
            let state = try await endpoint.accountState(of: address)
            let behind = board.withLock { $0.note(state.block, of: index, notBefore: oldest) }
            guard let behind else { return state }
            throw .stale(endpoint: endpoint.name, behind: behind)
        }
    }

    /// Reads the next page of a walk, from an endpoint that has it.
    ///
    /// After an error the walk is as it was, and can go on later.
    package func advance(
        _ walk: inout TransactionWalk, of address: TONAddress
    ) async throws(ChainError) {
        guard !walk.isDone else { return }
        let current = walk
        walk = try await first { (endpoint, _) throws(ChainError) in
            try await Self.advanced(current, of: address, through: endpoint)
        }
    }

    /// Reads back from `newest` to `cursor`.
    ///
    /// - Parameters:
    ///   - pagesMax: Pages that are read at the most. A walk that is not done then is gone on with by
    ///     `advance`.
    package func transactions(
        of address: TONAddress, from newest: TransactionReference,
        downTo cursor: TransactionReference?, pagesMax: Int
    ) async throws(ChainError) -> TransactionWalk {
        var walk: TransactionWalk
        do throws(TransactionWalk.Fault) {
            walk = try TransactionWalk(from: newest, downTo: cursor)
        } catch {
            throw .inconsistent(endpoint: endpoints[0].name, problem: error.problem)
        }
        var pages = 0
        while !walk.isDone, pages < pagesMax {
            try await advance(&walk, of: address)
            pages += 1
        }
        return walk
    }

    private static func advanced(
        _ walk: TransactionWalk, of address: TONAddress, through endpoint: ToncenterClient
    ) async throws(ChainError) -> TransactionWalk {
        var walk = walk
        var isArchival = walk.isArchival
        while true {
            do throws(ChainError) {
                let page = try await endpoint.transactions(
                    of: address, from: walk.next, isArchival: isArchival)
                let before = walk.pagesRead
                do throws(TransactionWalk.Fault) {
                    try walk.take(page, rowsMax: ToncenterClient.pageRowsMax)
                } catch {
                    throw .inconsistent(endpoint: endpoint.name, problem: error.problem)
                }
                // The node that was asked has no more; one with all history may have.
                if walk.pagesRead > before || walk.isDone { return walk }
                isArchival = true
            } catch {
                guard case .unknownTransaction = error, !isArchival, walk.pagesRead > 0 else {
                    throw error
                }
                isArchival = true
            }
        }
    }

    /// Runs a get-method against the newest state of an endpoint. It is a hint, and no proof: no
    /// answer says as of which block it is.
    package func runGetMethod(
        _ method: String, of address: TONAddress, arguments: [StackValue] = []
    ) async throws(ChainError) -> GetMethodResult {
        try await first { (endpoint, _) throws(ChainError) in
            try await endpoint.runGetMethod(method, of: address, arguments: arguments)
        }
    }

    /// What the indexer of an endpoint knows of a message.
    ///
    /// - Parameter normalizedHash: 32 bytes (TEP-467).
    /// - Returns: With the newest block it has: what is newer, it can't know.
    package func trace(
        message normalizedHash: [UInt8]
    ) async throws(ChainError) -> (transactions: [TracedTransaction], indexed: ChainBlock) {
        try await first { (endpoint, _) throws(ChainError) in
            // Before the transactions: they are at least as new.
            let indexed = try await endpoint.indexedBlock()
            return (try await endpoint.transactions(byMessage: normalizedHash), indexed)
        }
    }

    /// Asks every endpoint for an account, so that their health and their lag are known anew.
    package func probe(_ address: TONAddress) async {
        await withTaskGroup(of: Void.self) { group in
            for (index, endpoint) in endpoints.enumerated() {
                group.addTask { [self] in
                    do throws(ChainError) {
                        let state = try await endpoint.accountState(of: address)
                        board.withLock { _ = $0.note(state.block, of: index) }
                    } catch {
                        note(error, of: index)
                    }
                }
            }
        }
    }

    // MARK: - Sending

    /// Gives an external message to the chain; see `SendResult` for what that proves.
    ///
    /// - Parameter boc: At most 65,535 bytes, as the chain has it.
    /// - Returns: Accepted if any endpoint has accepted it, or else refused if any has refused it.
    package func send(_ boc: [UInt8]) async -> SendResult {
        let usable = board.withLock { $0.usable }
        let results = await withTaskGroup(of: SendResult.self) { group in
            for index in usable {
                group.addTask { [self] in
                    let result = await endpoints[index].send(boc)
                    if case .unknown(let error) = result {
                        note(error, of: index)
                    } else {
                        board.withLock { $0.noteSuccess(of: index) }
                    }
                    return result
                }
            }
            var results: [SendResult] = []
            for await result in group { results.append(result) }
            return results
        }
        return results.max { $0.weight < $1.weight } ?? .unknown(.cancelled)
    }

    // MARK: - One after another

    /// The first answer that an endpoint gives.
    ///
    /// - Throws: What the first of them failed of.
    private func first<Value: Sendable>(
        _ ask: (ToncenterClient, Int) async throws(ChainError) -> Value
    ) async throws(ChainError) -> Value {
        var failure: ChainError?
        for index in board.withLock({ $0.order }) {
            do throws(ChainError) {
                let value = try await ask(endpoints[index], index)
                board.withLock { $0.noteSuccess(of: index) }
                return value
            } catch {
                if error == .cancelled { throw error }
                note(error, of: index)
                failure = failure ?? error
            }
        }
        throw failure ?? .cancelled
    }

    /// What an error says of the endpoint. That it is behind or lacks what was asked for is no
    /// failure, nor is a queue of our own.
    private func note(_ error: ChainError, of index: Int) {
        switch error {
        case .unavailable, .refused, .inconsistent:
            board.withLock { $0.noteFailure(of: index, error.description) }
        case .stale, .unknownTransaction, .unsupported, .crowded, .cancelled: break
        }
    }
}

extension SendResult {
    /// Which of two answers about the same bytes says more.
    fileprivate var weight: Int {
        switch self {
        case .accepted(normalizedHash: .some): 3
        case .accepted(normalizedHash: nil): 2
        case .refused: 1
        case .unknown: 0
        }
    }
}
