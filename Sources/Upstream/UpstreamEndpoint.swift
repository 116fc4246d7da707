// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// One operation of an upstream: a constant of the program, declared beside its adapter.
package struct UpstreamEndpoint: Sendable, Equatable {
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"

        var hasBody: Bool { self != .get && self != .delete }
    }

    /// How often one call may be sent.
    package enum Repetition: Sendable {
        /// As often as the policy retries: sending it twice does what sending it once does.
        case repeatable
        /// Once. It moves money, or says something to somebody.
        case once
    }

    /// The statuses that may be declared as expected. A 401 and a 429 have a meaning of their own.
    private static func canBeExpected(_ status: Int) -> Bool {
        (200..<300).contains(status)
            || ((400..<500).contains(status) && status != 401 && status != 429)
    }

    /// `upstream.operation`: a label of metrics and part of every error.
    package let name: String
    package let method: Method
    let path: PathTemplate
    package let repetition: Repetition
    /// The statuses that count as success.
    package let expectedStatuses: Set<Int>
    /// Bounds of the bodies; nil for the upstream's.
    package let requestBytesMax: Int?
    package let responseBytesMax: Int?

    /// Traps on what is malformed: an endpoint is part of the program.
    ///
    /// - Parameters:
    ///   - name: 1 to 64 letters, digits, dots, hyphens and underscores.
    ///   - path: `/items/{id}`. A place is filled by the call's parameter of that name or else by
    ///     the path secret of the credentials. Empty where the base URL is the whole address.
    ///   - expectedStatuses: 2xx, or those 4xx that answer the caller's question (a 404).
    package init(
        _ name: String, _ method: Method, _ path: String, _ repetition: Repetition,
        expecting expectedStatuses: Set<Int> = Set(200..<300), requestBytesMax: Int? = nil,
        responseBytesMax: Int? = nil
    ) {
        precondition(UpstreamName.isValid(name), "an endpoint's name is a label")
        precondition(
            !expectedStatuses.isEmpty && expectedStatuses.allSatisfy(Self.canBeExpected),
            "an expected status answers the call")
        precondition((requestBytesMax ?? 0) >= 0 && (responseBytesMax ?? 0) >= 0)
        self.name = name
        self.method = method
        self.path = PathTemplate(path)
        self.repetition = repetition
        self.expectedStatuses = expectedStatuses
        self.requestBytesMax = requestBytesMax
        self.responseBytesMax = responseBytesMax
    }
}

/// The rule for names that become labels.
enum UpstreamName {
    static func isValid(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
                    UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
