// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package enum TLSVersion: String, Sendable {
    case tls12 = "TLSv1.2"
    case tls13 = "TLSv1.3"
}

/// The user event `TLSHandler` fires once, before the first decrypted byte.
package struct TLSHandshakeCompleted: Sendable, Equatable {
    /// What ALPN chose; nil when the client did not offer ALPN.
    package var applicationProtocol: ApplicationProtocol?
    package var version: TLSVersion
    /// The verified client certificate's subject (RFC 4514); nil without one and on clients.
    package var peerSubject: String?

    package init(
        applicationProtocol: ApplicationProtocol?, version: TLSVersion, peerSubject: String?
    ) {
        self.applicationProtocol = applicationProtocol
        self.version = version
        self.peerSubject = peerSubject
    }
}
