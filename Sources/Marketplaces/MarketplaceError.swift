// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Upstream

/// Why a marketplace could not be asked. Every one of them is safe to show; of a purchase or a
/// withdrawal every one of them says that it was not carried out.
package enum MarketplaceError: Error, Sendable, Equatable {
    /// The call failed there, or found no way there.
    case unavailable(UpstreamError)
    /// It takes neither the credentials nor fresh ones, or its edge doesn't take the caller: 401
    /// or 403.
    case unauthorized(UpstreamError)
    /// It says that the question is wrong.
    case refused(UpstreamError)
    /// More calls wait for their turn than may, or the turn would come too late.
    case crowded(market: String)
    /// Its pages go in a circle, or don't end.
    case endless(market: String, problem: String)
    /// It has no such call, or lacks the configuration for it.
    case unsupported(market: String, call: String)
    /// The call can't be made as it is; nothing was sent.
    case invalid(market: String, problem: String)
    /// The caller went away.
    case cancelled
}

extension MarketplaceError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unavailable(let error), .unauthorized(let error), .refused(let error):
            "\(error.upstream): \(error.description)"
        case .crowded(let market): "\(market): too many calls wait for their turn"
        case .endless(let market, let problem), .invalid(let market, let problem):
            "\(market): \(problem)"
        case .unsupported(let market, let call): "\(market): it can't be asked for \(call)"
        case .cancelled: "the caller went away"
        }
    }
}
