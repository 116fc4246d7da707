// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import NIOCore

/// Ciphertext on its way in and out of one session: what OpenSSL takes for its socket.
///
/// A class with a stable address, owned by `TLSSession` for as long as the `BIO` that points to it.
final class RecordBuffers {
    var inbound = ByteBuffer()
    var outbound = ByteBuffer()
    /// How often the peer has changed its key (RFC 8446 section 4.6.3).
    private(set) var keyUpdates = 0

    /// Looks at each message that OpenSSL has read; OpenSSL counts key updates for nobody.
    func note(_ contentType: Int32, _ message: UnsafeRawBufferPointer) {
        guard contentType == SSL3_RT_HANDSHAKE,
            unsafe message.first == UInt8(SSL3_MT_KEY_UPDATE)
        else { return }
        keyUpdates += 1
    }

    /// Gives OpenSSL up to `destination.count` received bytes; 0 when there are none.
    func read(into destination: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(destination.count, inbound.readableBytes)
        guard count > 0 else { return 0 }
        unsafe inbound.readWithUnsafeReadableBytes { source in
            unsafe destination.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[..<count]))
            return count
        }
        // An emptied buffer is let go: an idle connection holds none.
        if inbound.readableBytes == 0 { inbound = ByteBuffer() }
        return count
    }

    func write(_ source: UnsafeRawBufferPointer) {
        unsafe outbound.writeBytes(source)
    }

    /// The records to send, nil when there are none.
    func takeOutbound() -> ByteBuffer? {
        guard outbound.readableBytes > 0 else { return nil }
        defer { outbound = ByteBuffer() }
        return outbound
    }
}

extension RecordBuffers {
    /// A `BIO` over these buffers; the caller owns it and keeps `self` alive as long.
    func makeBIO() -> OpaquePointer? {
        guard let method = unsafe RecordMethod.shared, let bio = unsafe BIO_new(method) else {
            return nil
        }
        unsafe BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        unsafe BIO_set_init(bio, 1)
        return unsafe bio
    }
}

extension RecordBuffers {
    /// Has `session`, which must not outlive `self`, tell of the messages it reads.
    func observe(_ session: OpaquePointer) {
        unsafe SSL_set_msg_callback(session) {
            isWritten, _, contentType, bytes, count, _, context in
            guard isWritten == 0, let context = unsafe context else { return }
            let buffers = unsafe Unmanaged<RecordBuffers>.fromOpaque(context)
            unsafe buffers._withUnsafeGuaranteedRef {
                unsafe $0.note(
                    contentType, UnsafeRawBufferPointer(start: bytes, count: count))
            }
        }
        unsafe SSL_ctrl(
            session, SSL_CTRL_SET_MSG_CALLBACK_ARG, 0, Unmanaged.passUnretained(self).toOpaque())
    }
}

private enum RecordMethod {
    /// `nonisolated(unsafe)`: written once by its initialiser, only read by OpenSSL afterwards.
    nonisolated(unsafe) static let shared: OpaquePointer? = unsafe make()

    private static func make() -> OpaquePointer? {
        let kind = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK
        guard let method = unsafe BIO_meth_new(kind, "ByteBuffer") else { return nil }
        unsafe BIO_meth_set_read(method) { bio, bytes, count in
            guard let buffers = unsafe buffers(of: bio), let bytes = unsafe bytes, count > 0 else {
                return 0
            }
            unsafe BIO_clear_flags(bio, retryFlags)
            let destination = unsafe UnsafeMutableRawBufferPointer(
                start: bytes, count: Int(count))
            let taken = unsafe buffers._withUnsafeGuaranteedRef {
                unsafe $0.read(into: destination)
            }
            guard taken > 0 else {
                unsafe BIO_set_flags(bio, retryRead)
                return -1
            }
            return Int32(taken)
        }
        unsafe BIO_meth_set_write(method) { bio, bytes, count in
            guard let buffers = unsafe buffers(of: bio), let bytes = unsafe bytes, count > 0 else {
                return 0
            }
            unsafe BIO_clear_flags(bio, retryFlags)
            let source = unsafe UnsafeRawBufferPointer(start: bytes, count: Int(count))
            unsafe buffers._withUnsafeGuaranteedRef { unsafe $0.write(source) }
            return count
        }
        unsafe BIO_meth_set_ctrl(method) { _, command, _, _ in
            command == BIO_CTRL_FLUSH ? 1 : 0
        }
        return unsafe method
    }
}

// Free functions and constants, because a C callback may capture nothing, not even a type.

/// `BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY`, and the read half of it.
private let retryFlags: Int32 = 0x0F
private let retryRead: Int32 = 0x09

private func buffers(of bio: OpaquePointer?) -> Unmanaged<RecordBuffers>? {
    guard let data = unsafe BIO_get_data(bio) else { return nil }
    return unsafe Unmanaged.fromOpaque(data)
}
