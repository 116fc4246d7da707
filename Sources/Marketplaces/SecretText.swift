// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// A secret of the configuration. It describes itself as one.
package struct SecretText: Sendable, Equatable {
    let text: String

    package init(_ text: String) { self.text = text }
}

extension SecretText: CustomStringConvertible, CustomReflectable {
    package var description: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
