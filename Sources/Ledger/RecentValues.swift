// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// A bounded memory of what was used last.
///
/// Two generations: when the newer is full it becomes the older, and what stood there is dropped.
package struct RecentValues<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// Values in one generation: three quarters of 65,536 buckets, where a dictionary would grow.
    package static var generationMax: Int { 49_152 }

    private var newer: [Key: Value] = [:]
    private var older: [Key: Value] = [:]

    package init() {}

    /// Reading does not make a value newer; writing does.
    package subscript(key: Key) -> Value? {
        get { newer[key] ?? older[key] }
        set {
            guard let newValue else {
                newer[key] = nil
                older[key] = nil
                return
            }
            if newer.count >= Self.generationMax {
                older = newer
                newer = [:]
            }
            newer[key] = newValue
        }
    }
}
