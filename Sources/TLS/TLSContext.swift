// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// Certificates, key and rules shared by many connections; immutable once made.
///
/// TLS 1.2 and 1.3 only, in 1.2 only ECDHE with AEAD suites (RFC 9325 section 4.2), no
/// renegotiation, no compression, no early data.
package final class TLSContext: Sendable {
    package enum Role: Sendable { case server, client }

    package let role: Role
    let handle: ContextHandle
    private let protocols: ProtocolList

    /// Loads the files of `configuration`.
    ///
    /// - Throws: `TLSError` with code `configuration`; its text names the file.
    package init(server configuration: TLSServerConfiguration) throws(TLSError) {
        role = .server
        protocols = ProtocolList(configuration.applicationProtocols)
        handle = try ContextHandle(role: .server)
        try handle.applyRules()
        try handle.use(configuration.identity)
        switch configuration.clientCertificates {
        case .none:
            // Stateless tickets only: nothing is held per client. The keys live in this context,
            // so a reload ends resumption of older sessions, never the sessions themselves.
            handle.allowTickets()
        case .optional(let authorityFile):
            try handle.verifyClients(authorityFile: authorityFile, required: false)
        case .required(let authorityFile):
            try handle.verifyClients(authorityFile: authorityFile, required: true)
        }
        handle.selectProtocols(from: protocols)
    }

    /// Loads the files of `configuration`.
    ///
    /// - Throws: `TLSError` with code `configuration`; its text names the file.
    package init(client configuration: TLSClientConfiguration) throws(TLSError) {
        role = .client
        protocols = ProtocolList(configuration.applicationProtocols)
        handle = try ContextHandle(role: .client)
        try handle.applyRules()
        try handle.verifyServer(authorityFile: configuration.authorityFile)
        if let identity = configuration.identity { try handle.use(identity) }
        try handle.offerProtocols(protocols)
    }
}

/// ALPN names in the wire form of RFC 7301 section 3.1: each led by its length.
///
/// A class, because the selection callback gets its address.
final class ProtocolList: Sendable {
    let names: [[UInt8]]
    let wireForm: [UInt8]

    init(_ protocols: [ApplicationProtocol]) {
        names = protocols.map { Array($0.rawValue.utf8) }
        wireForm = names.flatMap { [UInt8($0.count)] + $0 }
    }

    /// The range in `offered` (wire form) of the protocol this side likes best; nil for none.
    func select(from offered: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
        for wanted in names {
            var offset = 0
            while offset < offered.count {
                let count = unsafe Int(offered[offset])
                let name = offset + 1..<offset + 1 + count
                guard name.upperBound <= offered.count else { return nil }
                if name.count == wanted.count, unsafe offered[name].elementsEqual(wanted) {
                    return name
                }
                offset = name.upperBound
            }
        }
        return nil
    }
}
