// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

extension ServerConfiguration.StoreLocation {
    /// What of it may never be printed: a connection string, and the password in it, however it is
    /// written (<https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-CONNSTRING>).
    var secrets: [String] {
        guard case .postgres(let text) = self else { return [] }
        var written: [String] = []
        // postgres://USER:PASSWORD@HOST
        if let match = text.firstMatch(of: /:\/\/[^:@\/?#]*:([^\/?#]*)@/) {
            written.append(String(match.1))
        }
        // password=VALUE, password='VALUE', and ?password=VALUE
        for match in text.matches(of: /password\s*=\s*(?:'((?:[^'\\]|\\.)*)'|([^\s'&]+))/) {
            written += [match.1, match.2].compactMap { $0.map(String.init) }
        }
        return [text]
            + written.flatMap { password in
                [
                    password, password.removingPercentEncoding ?? password,
                    password.replacing(/\\(.)/) { $0.1 },
                ]
            }
    }
}
