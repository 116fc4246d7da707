// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// How one endpoint does, as it was when it was last asked.
package struct EndpointStatus: Sendable, Equatable {
    package let name: String
    /// Whether its last call succeeded; true before the first.
    package var isHealthy = true
    /// The newest block it has shown; nil for none.
    package var block: ChainBlock?
    /// How far it was behind what was seen of the chain by then; nil before its first block.
    package var lag: Duration?
    /// What its last failure was, safe to show; it stays when calls succeed again.
    package var lastError: String?
}

/// What is known of the endpoints, and whom to ask.
///
/// It keeps the newest block that any of them has shown. From then on an older one is stale,
/// whoever shows it: what was read once can't be unread by another replica. A pure value.
struct EndpointBoard: Sendable {
    private(set) var statuses: [EndpointStatus]
    /// By the masterchain's number and by time, each on its own; nil before the first block.
    private(set) var newest: ChainBlock?

    init(_ names: [String]) { statuses = names.map { EndpointStatus(name: $0) } }

    /// Whom to ask, in this order: the healthy before the others, then the less behind, then as
    /// configured.
    var order: [Int] {
        statuses.indices.sorted { left, right in
            let (one, other) = (statuses[left], statuses[right])
            if one.isHealthy != other.isHealthy { return one.isHealthy }
            let (lag, otherLag) = (one.lag ?? .zero, other.lag ?? .zero)
            return lag == otherLag ? left < right : lag < otherLag
        }
    }

    /// The healthy ones; all when none is.
    var usable: [Int] {
        let healthy = statuses.indices.filter { statuses[$0].isHealthy }
        return healthy.isEmpty ? Array(statuses.indices) : healthy
    }

    mutating func noteSuccess(of index: Int) { statuses[index].isHealthy = true }

    mutating func noteFailure(of index: Int, _ error: String) {
        statuses[index].isHealthy = false
        statuses[index].lastError = error
    }

    /// Notes the block that an endpoint has answered as of.
    ///
    /// - Parameter oldest: A block that is known from elsewhere; nil for none.
    /// - Returns: How far it is behind; nil for one that is not stale.
    mutating func note(
        _ block: ChainBlock, of index: Int, notBefore oldest: ChainBlock? = nil
    ) -> Duration? {
        noteSuccess(of: index)
        let mark = [newest, oldest, block].compactMap { $0 }.reduce(block) { newest, block in
            ChainBlock(
                seqno: max(newest.seqno, block.seqno), time: max(newest.time, block.time))
        }
        newest = mark
        let behind = Duration.seconds(mark.time - block.time)
        statuses[index].block = block
        statuses[index].lag = behind
        return block == mark ? nil : behind
    }
}
