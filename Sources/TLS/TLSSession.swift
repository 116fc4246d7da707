// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import NIOCore

/// One connection's TLS state: owns an `SSL` and the buffers it reads from and writes to.
///
/// Nothing here blocks or touches a socket: received records go into `receive`, records to send
/// come out of `takeOutbound` after every call that may have made some.
@safe struct TLSSession: ~Copyable {
    enum Progress {
        case done
        /// The peer has to speak first.
        case needsInput
        case failed(TLSError)
    }

    enum ReadOutcome {
        /// Everything decryptable has been read.
        case drained
        /// The peer has sent `close_notify`.
        case closed
        case failed(TLSError)
    }

    private let pointer: OpaquePointer
    private let buffers: RecordBuffers
    // The context must outlive the session: the ALPN callback points into it.
    private let context: TLSContext

    init(context: TLSContext) throws(TLSError) {
        ERR_clear_error()
        let buffers = RecordBuffers()
        guard let bio = unsafe buffers.makeBIO(),
            let pointer = unsafe SSL_new(context.handle.pointer)
        else { throw .fromQueue(.configuration, "no TLS session") }
        // One BIO for both ways; the session takes the only reference.
        unsafe SSL_set_bio(pointer, bio, bio)
        unsafe buffers.observe(pointer)
        switch context.role {
        case .server: unsafe SSL_set_accept_state(pointer)
        case .client: unsafe SSL_set_connect_state(pointer)
        }
        unsafe self.pointer = unsafe pointer
        self.buffers = buffers
        self.context = context
    }

    deinit { unsafe SSL_free(pointer) }

    /// Sends `name` as SNI and demands a certificate for it (RFC 6125); IP addresses are matched
    /// against IP entries and not sent (RFC 6066 section 3).
    ///
    /// To be called before the handshake.
    func expect(_ name: String) throws(TLSError) {
        let parameters = unsafe SSL_get0_param(pointer)
        if unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, name) == 1 { return }
        ERR_clear_error()
        unsafe SSL_set_hostflags(pointer, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        let sent = unsafe name.withCString { text in
            unsafe SSL_ctrl(
                pointer, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name),
                UnsafeMutableRawPointer(mutating: text))
        }
        guard sent == 1, unsafe SSL_set1_host(pointer, name) == 1 else {
            throw .fromQueue(.configuration, "server name \(name)")
        }
    }

    // MARK: Records

    var hasInput: Bool {
        unsafe buffers.inbound.readableBytes > 0 || SSL_has_pending(pointer) == 1
    }

    /// How often the peer has changed its key.
    var keyUpdates: Int { buffers.keyUpdates }

    var hasOutbound: Bool { buffers.outbound.readableBytes > 0 }

    /// Ciphertext not yet given to OpenSSL; the plaintext in it is shorter.
    var inputBytes: Int { buffers.inbound.readableBytes }

    func receive(_ records: ByteBuffer) {
        if buffers.inbound.readableBytes == 0 {
            buffers.inbound = records
        } else {
            buffers.inbound.writeImmutableBuffer(records)
        }
    }

    func takeOutbound() -> ByteBuffer? { buffers.takeOutbound() }

    // MARK: Steps

    func handshake() -> Progress {
        ERR_clear_error()
        let result = unsafe SSL_do_handshake(pointer)
        if result == 1 { return .done }
        switch unsafe SSL_get_error(pointer, result) {
        case SSL_ERROR_WANT_READ: return .needsInput
        default: return .failed(handshakeError())
        }
    }

    private func handshakeError() -> TLSError {
        let verification = unsafe SSL_get_verify_result(pointer)
        if verification != Int(X509_V_OK),
            let text = unsafe X509_verify_cert_error_string(verification)
        {
            ERR_clear_error()
            return TLSError(
                .certificateRefused, "the peer's certificate: \(unsafe String(cString: text))")
        }
        return .fromQueue(.handshake, "TLS handshake")
    }

    /// Decrypts what has arrived and appends it to `plaintext`.
    func read(into plaintext: inout ByteBuffer) -> ReadOutcome {
        repeat {
            var count = 0
            var result: Int32 = 0
            ERR_clear_error()
            unsafe plaintext.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.readStepBytes) {
                space in
                result = unsafe SSL_read_ex(
                    pointer, space.baseAddress, space.count, &count)
                return count
            }
            guard result != 1 else { continue }
            switch unsafe SSL_get_error(pointer, result) {
            case SSL_ERROR_WANT_READ: return .drained
            case SSL_ERROR_ZERO_RETURN: return .closed
            default: return .failed(.fromQueue(.brokenRecord, "TLS record"))
            }
        } while hasInput
        return .drained
    }

    /// The least free space offered to OpenSSL, so that a large record takes few steps.
    static let readStepBytes = 256

    /// Encrypts all of `plaintext`, in records of up to 16 KiB.
    func write(_ plaintext: ByteBuffer) throws(TLSError) {
        let count = plaintext.readableBytes
        guard count > 0 else { return }
        let records = 1 + count / Self.recordPlaintextBytesMax
        buffers.outbound.reserveCapacity(
            minimumWritableBytes: count + records * Self.recordOverheadBytesMax)
        ERR_clear_error()
        let result = unsafe plaintext.withUnsafeReadableBytes { bytes in
            var written = 0
            return unsafe SSL_write_ex(pointer, bytes.baseAddress, bytes.count, &written)
        }
        guard result == 1 else { throw .fromQueue(.closed, "TLS write") }
    }

    /// RFC 8446 section 5.1.
    static let recordPlaintextBytesMax = 16_384
    /// Header 5, explicit nonce 8 (TLS 1.2), content type 1, tag 16; rounded up.
    private static let recordOverheadBytesMax = 32

    /// Makes `close_notify`; later writes fail.
    func close() {
        ERR_clear_error()
        unsafe SSL_shutdown(pointer)
        ERR_clear_error()
    }

    // MARK: What was agreed

    var negotiated: TLSHandshakeCompleted {
        TLSHandshakeCompleted(
            applicationProtocol: selectedProtocol, version: version, peerSubject: peerSubject)
    }

    private var selectedProtocol: ApplicationProtocol? {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        unsafe SSL_get0_alpn_selected(pointer, &name, &count)
        guard let name = unsafe name else { return nil }
        let bytes = unsafe UnsafeBufferPointer(start: name, count: Int(count))
        return unsafe ApplicationProtocol(rawValue: String(decoding: bytes, as: UTF8.self))
    }

    private var version: TLSVersion {
        unsafe SSL_version(pointer) == TLS1_3_VERSION ? .tls13 : .tls12
    }

    private var peerSubject: String? {
        // On the server only: a client has matched the name already.
        guard context.role == .server,
            let certificate = unsafe SSL_get1_peer_certificate(pointer)
        else { return nil }
        defer { unsafe X509_free(certificate) }
        guard let memory = unsafe BIO_new(BIO_s_mem()) else { return nil }
        defer { unsafe BIO_free(memory) }
        // XN_FLAG_RFC2253 (RFC 4514 order and escapes) but with UTF-8 left readable.
        let escapes =
            ASN1_STRFLGS_ESC_2253 | ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_UTF8_CONVERT
            | ASN1_STRFLGS_DUMP_UNKNOWN | ASN1_STRFLGS_DUMP_DER
        let flags = UInt(
            escapes | XN_FLAG_SEP_COMMA_PLUS | XN_FLAG_DN_REV | XN_FLAG_DUMP_UNKNOWN_FIELDS)
        let name = unsafe X509_get_subject_name(certificate)
        guard unsafe X509_NAME_print_ex(memory, name, 0, flags) >= 0 else { return nil }
        // Never cut: half a subject could be somebody else's name.
        let count = unsafe BIO_ctrl_pending(memory)
        guard count <= Self.subjectBytesMax else { return nil }
        return unsafe String(unsafeUninitializedCapacity: count) { space in
            max(0, unsafe Int(BIO_read(memory, space.baseAddress, Int32(space.count))))
        }
    }

    /// A certificate with a longer subject counts as one without a subject.
    private static let subjectBytesMax = 4096
}
