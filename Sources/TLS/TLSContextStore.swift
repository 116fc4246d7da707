// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The server's context of the moment, replaceable while it serves.
///
/// A new connection takes `current`; older connections keep the context they began with.
package final class TLSContextStore: Sendable {
    package let configuration: TLSServerConfiguration
    private let context: Mutex<TLSContext>

    /// Loads the files of `configuration`.
    ///
    /// - Throws: `TLSError` with code `configuration`.
    package init(_ configuration: TLSServerConfiguration) throws(TLSError) {
        self.configuration = configuration
        context = Mutex(try TLSContext(server: configuration))
    }

    package var current: TLSContext { context.withLock { $0 } }

    /// Reads the same files again.
    ///
    /// - Throws: `TLSError` with code `configuration`; the context in use then stays.
    package func reload() throws(TLSError) {
        let fresh = try TLSContext(server: configuration)
        context.withLock { $0 = fresh }
    }
}
