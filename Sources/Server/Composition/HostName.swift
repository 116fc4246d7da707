// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The machine's name, as messages and leases show it.
enum HostName {
    static var current: String {
        let file = URL(filePath: "/proc/sys/kernel/hostname")
        let name = try? String(contentsOf: file, encoding: .utf8)
        return name?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "teller"
    }
}
