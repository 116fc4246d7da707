// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Upstream

extension UpstreamEndpoint {
    /// The statuses whose answers the alerts' own formats judge. The others come as errors.
    static let judgedStatuses = Set(200..<300).union(400..<500).subtracting([401, 429])
}

extension AlertDeliveryError {
    /// What a call that failed means for the message it carried.
    init(_ error: UpstreamError) {
        let reason = error.debugDescription
        switch error.code {
        case .heldBack, .connect, .credentials, .tooManyRequests:
            self = .retryable(after: error.retryAfter, reason)
        case .rejected, .invalidRequest:
            self = .permanent(reason)
        case .protocol where error.status.map { (300..<400).contains($0) } ?? false:
            // A redirect answers a POST with another place, and is not followed.
            self = .permanent(reason)
        case .timeout, .server, .protocol, .cancelled:
            self =
                error.mayHaveBeenProcessed
                ? .unknown(reason) : .retryable(after: error.retryAfter, reason)
        }
    }
}
