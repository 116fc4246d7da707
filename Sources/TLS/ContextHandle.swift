// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// Owns an `SSL_CTX`.
///
/// `@unchecked Sendable`: changed only while `TLSContext.init` runs; afterwards OpenSSL guards its
/// own reference count and ticket keys with locks.
@safe struct ContextHandle: ~Copyable, @unchecked Sendable {
    let pointer: OpaquePointer

    init(role: TLSContext.Role) throws(TLSError) {
        ERR_clear_error()
        let method =
            switch role {
            case .server: unsafe TLS_server_method()
            case .client: unsafe TLS_client_method()
            }
        guard let pointer = unsafe SSL_CTX_new(method) else {
            throw .fromQueue(.configuration, "no TLS context")
        }
        unsafe self.pointer = unsafe pointer
    }

    deinit { unsafe SSL_CTX_free(pointer) }

    /// The rules both roles share.
    func applyRules() throws(TLSError) {
        // AES-128 comes first: as safe for this use as AES-256, and cheaper.
        let ciphers = """
            ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
            ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:\
            ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305
            """
        let suites = """
            TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256
            """
        // No groups of finite fields: a client could make the server work for milliseconds with a
        // few bytes (CVE-2002-20001), and the curves are at least as strong.
        let groups = "X25519:P-256:P-384:P-521"
        let isGroupsListSet = unsafe groups.withCString { text in
            unsafe SSL_CTX_ctrl(
                pointer, SSL_CTRL_SET_GROUPS_LIST, 0, UnsafeMutableRawPointer(mutating: text))
        }
        guard
            isGroupsListSet == 1,
            unsafe SSL_CTX_ctrl(
                pointer, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil) == 1,
            unsafe SSL_CTX_set_cipher_list(pointer, ciphers) == 1,
            unsafe SSL_CTX_set_ciphersuites(pointer, suites) == 1
        else { throw .fromQueue(.configuration, "OpenSSL lacks the required suites or groups") }
        unsafe SSL_CTX_set_options(pointer, ContextOptions.always)
        // Idle connections give their record buffers (34 KiB) back.
        let modes = SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
        unsafe SSL_CTX_ctrl(pointer, SSL_CTRL_MODE, Int(modes), nil)
        // One call fetches all records that have arrived instead of two calls for each.
        unsafe SSL_CTX_ctrl(pointer, SSL_CTRL_SET_READ_AHEAD, 1, nil)
        unsafe SSL_CTX_ctrl(
            pointer, SSL_CTRL_SET_SESS_CACHE_MODE, Int(SSL_SESS_CACHE_OFF), nil)
        // An encrypted key file is an error; OpenSSL would ask for its password on the terminal.
        unsafe SSL_CTX_set_default_passwd_cb(pointer) { _, _, _, _ in -1 }
        unsafe SSL_CTX_set_num_tickets(pointer, 0)
    }

    func allowTickets() {
        unsafe SSL_CTX_clear_options(pointer, ContextOptions.noTicket)
        unsafe SSL_CTX_set_num_tickets(pointer, 1)
    }

    func use(_ identity: TLSIdentity) throws(TLSError) {
        ERR_clear_error()
        guard
            unsafe SSL_CTX_use_certificate_chain_file(pointer, identity.certificateChainFile) == 1
        else {
            throw .fromQueue(
                .configuration, "certificate file \(identity.certificateChainFile)")
        }
        guard
            unsafe SSL_CTX_use_PrivateKey_file(
                pointer, identity.privateKeyFile, SSL_FILETYPE_PEM) == 1
        else { throw .fromQueue(.configuration, "private key file \(identity.privateKeyFile)") }
        guard unsafe SSL_CTX_check_private_key(pointer) == 1 else {
            throw .fromQueue(
                .configuration,
                "\(identity.privateKeyFile) is not the key of \(identity.certificateChainFile)")
        }
    }

    /// Without tickets: a resumed session would not look at the certificate's expiry again.
    func verifyClients(authorityFile: String, required: Bool) throws(TLSError) {
        try trust(authorityFile: authorityFile)
        guard let names = unsafe SSL_load_client_CA_file(authorityFile) else {
            throw .fromQueue(.configuration, "authority file \(authorityFile)")
        }
        unsafe SSL_CTX_set_client_CA_list(pointer, names)
        let mode = SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0)
        unsafe SSL_CTX_set_verify(pointer, mode, nil)
    }

    func verifyServer(authorityFile: String?) throws(TLSError) {
        if let authorityFile {
            try trust(authorityFile: authorityFile)
        } else if unsafe SSL_CTX_set_default_verify_paths(pointer) != 1 {
            throw .fromQueue(.configuration, "the system's authorities")
        }
        unsafe SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
    }

    private func trust(authorityFile: String) throws(TLSError) {
        ERR_clear_error()
        guard unsafe SSL_CTX_load_verify_file(pointer, authorityFile) == 1 else {
            throw .fromQueue(.configuration, "authority file \(authorityFile)")
        }
    }

    /// The context must not outlive `list`; `TLSContext` holds both.
    func selectProtocols(from list: ProtocolList) {
        unsafe SSL_CTX_set_alpn_select_cb(
            pointer,
            { _, selected, selectedCount, offered, offeredCount, list in
                guard let list = unsafe list, let offered = unsafe offered else {
                    return SSL_TLSEXT_ERR_ALERT_FATAL
                }
                let protocols = unsafe Unmanaged<ProtocolList>.fromOpaque(list)
                let names = unsafe UnsafeBufferPointer(start: offered, count: Int(offeredCount))
                let choice = unsafe protocols._withUnsafeGuaranteedRef {
                    unsafe $0.select(from: names)
                }
                guard let choice else { return SSL_TLSEXT_ERR_ALERT_FATAL }
                unsafe selected?.pointee = unsafe offered + choice.lowerBound
                unsafe selectedCount?.pointee = UInt8(choice.count)
                return SSL_TLSEXT_ERR_OK
            }, Unmanaged.passUnretained(list).toOpaque())
    }

    func offerProtocols(_ list: ProtocolList) throws(TLSError) {
        // This one function returns 0 for success.
        guard
            unsafe SSL_CTX_set_alpn_protos(
                pointer, list.wireForm, UInt32(list.wireForm.count)) == 0
        else { throw .fromQueue(.configuration, "ALPN names") }
    }
}

/// Options whose C macros (`SSL_OP_BIT(n)`) Swift cannot import; values of openssl/ssl.h 3.0.
private enum ContextOptions {
    static let noTicket: UInt64 = 1 << 14
    private static let noCompression: UInt64 = 1 << 17
    private static let preferServerCiphers: UInt64 = 1 << 22
    private static let noRenegotiation: UInt64 = 1 << 30

    static let always = noTicket | noCompression | preferServerCiphers | noRenegotiation
}
