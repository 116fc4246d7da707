// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The application protocols Teller speaks, as ALPN names them (RFC 7301).
package enum ApplicationProtocol: String, Sendable, CaseIterable {
    case http2 = "h2"
    case http1 = "http/1.1"
}

/// A certificate chain (leaf first) and its private key, as PEM files.
package struct TLSIdentity: Sendable, Equatable {
    package var certificateChainFile: String
    package var privateKeyFile: String

    package init(certificateChainFile: String, privateKeyFile: String) {
        self.certificateChainFile = certificateChainFile
        self.privateKeyFile = privateKeyFile
    }
}

/// How a server asks for certificates of its clients.
package enum ClientCertificates: Sendable, Equatable {
    case none
    /// Verified against the PEM file of authorities when the client sends one.
    case optional(authorityFile: String)
    /// A handshake without a certificate of these authorities fails.
    case required(authorityFile: String)
}

/// A server's side of TLS.
package struct TLSServerConfiguration: Sendable, Equatable {
    package var identity: TLSIdentity
    package var clientCertificates: ClientCertificates
    /// In the server's order of preference; a client that offers only others is refused with
    /// `no_application_protocol` (RFC 7301 section 3.2).
    package var applicationProtocols: [ApplicationProtocol]

    package init(
        identity: TLSIdentity, clientCertificates: ClientCertificates = .none,
        applicationProtocols: [ApplicationProtocol] = [.http2, .http1]
    ) {
        self.identity = identity
        self.clientCertificates = clientCertificates
        self.applicationProtocols = applicationProtocols
    }
}

/// A client's side of TLS. The server's certificate is always verified, name included.
package struct TLSClientConfiguration: Sendable, Equatable {
    /// A PEM file of trusted authorities; nil for the system's.
    package var authorityFile: String?
    /// What the client shows to a server that asks for a certificate.
    package var identity: TLSIdentity?
    package var applicationProtocols: [ApplicationProtocol]

    package init(
        authorityFile: String? = nil, identity: TLSIdentity? = nil,
        applicationProtocols: [ApplicationProtocol] = [.http2]
    ) {
        self.authorityFile = authorityFile
        self.identity = identity
        self.applicationProtocols = applicationProtocols
    }
}
