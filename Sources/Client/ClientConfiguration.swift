// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// How a `TellerClient` reaches its server and how hard it tries.
public struct ClientConfiguration: Sendable {
    /// `https://host[:port]` (TLS, HTTP/2 by ALPN) or `http://host[:port]` (HTTP/2 with prior
    /// knowledge, for loopback and service meshes). A path other than `/rpc` may follow.
    public var endpoint: String
    /// Sent as `authorization: Bearer …`; nil for servers that know callers by certificate.
    public var token: BearerToken?
    public var tls = ClientTLS()
    /// How long a call may take with all its retries, when the call itself does not say.
    public var deadline: Duration = .seconds(10)
    public var connection = ClientConnectionLimits()
    public var retries = RetryPolicy()
    /// Keeps idempotency keys across crashes of this process; nil keeps them in memory only.
    public var keyJournal: (any KeyJournal)?

    public init(endpoint: String, token: BearerToken? = nil) {
        self.endpoint = endpoint
        self.token = token
    }
}

/// A secret that prints as nothing.
public struct BearerToken: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    let text: String

    /// 1 to 4,096 visible ASCII characters; nil for anything else.
    public init?(_ text: String) {
        guard (1...4096).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        self.text = text
    }

    public var description: String { "<redacted>" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Files for TLS; each may be left out.
public struct ClientTLS: Sendable, Equatable {
    /// PEM certificates of the authorities to trust; nil for the system's.
    public var authorityFile: String?
    /// PEM chain and key of the client's own certificate, both or neither.
    public var certificateChainFile: String?
    public var privateKeyFile: String?
    /// The name the server's certificate must carry; nil for the endpoint's host.
    public var serverName: String?

    public init() {}
}

/// Bounds of the one connection.
public struct ClientConnectionLimits: Sendable {
    /// From the first packet to the server's first HTTP/2 frame.
    public var connectTimeout: Duration = .seconds(5)
    /// The server is asked for a sign of life after this much silence while calls are open.
    public var keepaliveInterval: Duration = .seconds(15)
    /// How long it may take to give one.
    public var keepaliveTimeout: Duration = .seconds(5)
    /// Calls that may wait while as many are open as the server allows; more fail as
    /// `notProcessed`.
    public var callsWaitingMax = 1_000
    /// Bytes of one answer, or of one line of a stream.
    public var answerBytesMax = 16 << 20

    public init() {}
}

/// When and how often a call is sent again.
///
/// Only calls that may be repeated are (the contract marks them; a withdrawal and a credit always
/// carry a key), and only after failures that may pass.
public struct RetryPolicy: Sendable {
    /// Sends of one call in all; 1 for no retries.
    public var attemptsMax = 5
    /// How long one attempt may take; nil for the rest of the deadline.
    public var attemptTimeout: Duration?
    /// The longest wait before the first retry; it doubles with each, and the real wait is
    /// uniform between nothing and it.
    public var backoffBase: Duration = .milliseconds(50)
    public var backoffMax: Duration = .seconds(5)
    /// A server that asks for a longer pause gets no retry.
    public var retryAfterMax: Duration = .seconds(30)
    /// Retries are at most this share of the calls of the last ten seconds…
    public var budgetPercent = 10
    /// …and this many besides.
    public var budgetFloor = 10

    public init() {}

    func validate() throws(TellerError) {
        guard attemptsMax >= 1, backoffBase > .zero, backoffMax >= backoffBase,
            attemptTimeout.map({ $0 > .zero }) ?? true, retryAfterMax >= .zero,
            budgetPercent >= 0, budgetFloor >= 0
        else { throw .invalidArgument("the retry policy's values make no sense together") }
    }
}
