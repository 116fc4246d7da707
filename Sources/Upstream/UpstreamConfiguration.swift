// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// What an upstream's body says about why it refused.
package struct UpstreamRefusal: Sendable, Equatable {
    /// Its own words; told in `debugDescription` only, redacted.
    package var message: String?
    /// Its wish to be left alone; used when the header `Retry-After` is absent.
    package var retryAfter: Duration?

    package init(message: String? = nil, retryAfter: Duration? = nil) {
        self.message = message
        self.retryAfter = retryAfter
    }
}

/// What all calls to one upstream have in common.
package struct UpstreamConfiguration: Sendable {
    /// Why a configuration can't be used. It quotes no value.
    package struct Fault: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// Bytes of a body, each way, where neither configuration nor endpoint says otherwise.
    package static let bodyBytesMax = 1 << 20
    /// Bytes of an unexpected answer's body that are read for what it says about the refusal.
    static let refusalBytesMax = 16 << 10

    /// The service as metrics and operators name it: 1 to 64 letters, digits, dots, hyphens and
    /// underscores.
    package let name: String
    package let baseURL: BaseURL
    /// Sent with every call. Nothing secret: that is for `auth`.
    package var headers: [String: String] = [:]
    /// nil when calls need no credentials.
    package var auth: (any AuthProvider)?
    /// The 4xx that say that the credentials were refused, before anything was carried out: 401,
    /// and for some APIs 403.
    package var credentialRefusals: Set<Int> = [401]
    package var requestBytesMax = bodyBytesMax
    package var responseBytesMax = bodyBytesMax
    /// Texts to be kept quiet about, besides the credentials.
    package var secrets: [String] = []
    /// Says who calls, truly.
    package var userAgent = "teller/\(ContractDocument.version)"
    /// Reads what the upstream says in the JSON body of an answer that was not expected.
    package var readRefusal: @Sendable (JSONValue) -> UpstreamRefusal = { _ in UpstreamRefusal() }
    /// The status an answer is judged by, for APIs whose own says too little: a failure told with
    /// 200, a call that is wrong answered with 500. It is given the endpoint, HTTP's status and
    /// the JSON body, of bodies up to 16 KiB; nil where HTTP's status says it all.
    package var readStatus: (@Sendable (UpstreamEndpoint, Int, JSONValue) -> Int)?

    package init(name: String, baseURL: BaseURL) {
        self.name = name
        self.baseURL = baseURL
    }

    func check() throws(Fault) {
        guard UpstreamName.isValid(name) else {
            throw Fault(description: "the name of an upstream must be a label")
        }
        guard HeaderRules.allow(headers), HeaderRules.allows("user-agent", userAgent) else {
            throw Fault(description: "a header field of upstream \(name) can't be sent")
        }
        guard credentialRefusals.allSatisfy((400..<500).contains) else {
            throw Fault(description: "credentials of upstream \(name) are refused with a 4xx")
        }
        guard requestBytesMax >= 0, responseBytesMax >= 0 else {
            throw Fault(description: "a limit of upstream \(name) is negative")
        }
    }
}
