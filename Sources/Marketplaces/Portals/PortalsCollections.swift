// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
internal import TellerProtocol
internal import Upstream

/// How listings are narrowed to collections: by their ids, which are read when a name is not
/// known, or by their names.
final class PortalsCollections: Sendable {
    /// Collections of an answer; portals' own limit.
    private static let rowsMax = 100

    private let form: PortalsSettings.CollectionFilter
    private let calls: MarketCalls
    private let upstream: Upstream
    /// As they were read last.
    private let known = Mutex<[String: String]>([:])

    init(_ form: PortalsSettings.CollectionFilter, _ calls: MarketCalls, _ upstream: Upstream) {
        self.form = form
        self.calls = calls
        self.upstream = upstream
    }

    /// What the query of a search says about the collections of these names.
    func query(_ names: [String]) async throws(MarketplaceError) -> [(String, String)] {
        guard !names.isEmpty else { return [] }
        switch form {
        case .names: return [("filter_by_collections", names.joined(separator: ","))]
        case .ids:
            var ids = known.withLock { $0 }
            if names.contains(where: { ids[$0] == nil }) { ids = try await read() }
            let wanted = names.compactMap { ids[$0] }
            guard wanted.count == names.count else {
                throw calls.invalid("there is no collection of a name in the filter")
            }
            return [("collection_ids", wanted.joined(separator: ","))]
        }
    }

    private func read() async throws(MarketplaceError) -> [String: String] {
        let request = UpstreamRequest(query: [("limit", "\(Self.rowsMax)")])
        let pairs = try await calls.read(upstream, PortalsEndpoints.collections, request) {
            (answer) throws(JSONError) in
            try answer.member("collections").list { (row) throws(JSONError) in
                (try row.member("name").string, try row.member("id").identifier)
            }
        }
        let ids = Dictionary(pairs) { first, _ in first }
        known.withLock { $0 = ids }
        return ids
    }
}
