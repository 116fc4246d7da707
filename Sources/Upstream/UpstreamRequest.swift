// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// What one call says, besides what its endpoint and its upstream always say.
package struct UpstreamRequest: Sendable {
    /// Values for the places of the path, by name.
    package var parameters: [String: String]
    /// In the order in which they are written.
    package var query: [(name: String, value: String)]
    /// Header fields of this call alone, such as an idempotency key.
    package var headers: [String: String]
    /// A JSON document; nil for none.
    package var body: [UInt8]?
    /// Members the body, an object, gets besides its own: their values are the credentials' body
    /// secrets of the same name.
    package var secretMembers: [String] = []

    package init(
        parameters: [String: String] = [:], query: [(name: String, value: String)] = [],
        headers: [String: String] = [:], body: [UInt8]? = nil
    ) {
        self.parameters = parameters
        self.query = query
        self.headers = headers
        self.body = body
    }

    package init(
        json: some JSONEncodable, parameters: [String: String] = [:],
        query: [(name: String, value: String)] = [], headers: [String: String] = [:]
    ) {
        self.init(parameters: parameters, query: query, headers: headers, body: json.jsonBytes)
    }
}

/// A whole answer with an expected status.
package struct UpstreamAnswer: Sendable, Equatable {
    /// The one it was judged by.
    package let status: Int
    package let body: [UInt8]
}
