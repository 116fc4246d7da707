// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Upstream

/// Why the chain could not be read. Every one of them is safe to show, and none says anything of
/// what the chain holds.
package enum ChainError: Error, Sendable, Equatable {
    /// The call failed there.
    case unavailable(UpstreamError)
    /// More calls wait for their turn than may, or the turn would come too late.
    case crowded(endpoint: String)
    /// Every endpoint that answered is behind what was seen already.
    case stale(endpoint: String, behind: Duration)
    /// The endpoint doesn't have the transaction that was asked for: it is behind, keeps no
    /// history that old, or is of another chain.
    case unknownTransaction(endpoint: String, lt: UInt64)
    /// It says that the question is wrong, or the key.
    case refused(UpstreamError)
    /// It has no such method.
    case unsupported(endpoint: String)
    /// What it says of an account's history contradicts itself or what was read before.
    case inconsistent(endpoint: String, problem: String)
    /// The caller went away.
    case cancelled
}

extension ChainError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unavailable(let error), .refused(let error):
            "\(error.upstream): \(error.description)"
        case .crowded(let endpoint): "\(endpoint): too many calls wait for their turn"
        case .stale(let endpoint, let behind):
            "\(endpoint): it is \(behind.components.seconds) s behind what was seen already"
        case .unknownTransaction(let endpoint, let lt):
            "\(endpoint): it doesn't have the transaction with lt \(lt)"
        case .unsupported(let endpoint): "\(endpoint): it has no such method"
        case .inconsistent(let endpoint, let problem): "\(endpoint): \(problem)"
        case .cancelled: "the caller went away"
        }
    }
}
