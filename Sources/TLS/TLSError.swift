// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// What went wrong in TLS. The text names files and OpenSSL's reason, never a key or a byte of data.
package struct TLSError: Error, Equatable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// A certificate, key or CA file is missing, unreadable or does not fit the others.
        case configuration
        /// The handshake failed; an alert has been sent where TLS has one for the case.
        case handshake
        /// The peer's certificate did not verify or is for another name.
        case certificateRefused
        /// The handshake took longer than allowed.
        case handshakeTimeout
        /// The peer sent more bytes in the handshake, or the caller more data before its end, than
        /// the limits allow.
        case limitExceeded
        /// A record could not be decrypted or makes no sense here.
        case brokenRecord
        /// The connection ended without `close_notify` (RFC 8446 section 6.1).
        case truncated
        /// The session is closed for writing.
        case closed
    }

    package var code: Code
    package var description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// An error with the oldest reason in OpenSSL's error queue of this thread; empties the queue.
    ///
    /// The oldest entry is the one nearest to the cause.
    static func fromQueue(_ code: Code, _ what: String) -> TLSError {
        let number = ERR_get_error()
        ERR_clear_error()
        guard number != 0, let text = unsafe ERR_reason_error_string(number) else {
            return TLSError(code, what)
        }
        return TLSError(code, "\(what): \(unsafe String(cString: text))")
    }
}
