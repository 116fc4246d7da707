// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Where a secret comes from.
enum SecretSource: Sendable, Equatable {
    case text(String)
    case file(String)
    /// A program and its arguments; its standard output is the secret.
    case command([String])

    /// The one that `key`, `keyFile` or `keyCommand` names, for a `key` such as `ton.key`; nil
    /// when none of them is set.
    ///
    /// - Throws: when more than one is.
    init?(_ key: String, _ values: SettingValues) throws(ConfigurationError) {
        var sources: [SecretSource] = []
        if let text = values.text(key) { sources.append(.text(text)) }
        if let path = values.text("\(key)File") { sources.append(.file(path)) }
        if let text = values.text("\(key)Command") {
            let words = text.split(separator: " ").map(String.init)
            guard !words.isEmpty else { throw values.invalid("\(key)Command") }
            sources.append(.command(words))
        }
        guard sources.count <= 1 else {
            throw .contradiction("only one of \(key)File, \(key)Command and \(key) may be set")
        }
        guard let source = sources.first else { return nil }
        self = source
    }
}
