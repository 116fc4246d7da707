// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// A bounded memory of what was used last.
///
/// Two generations: when the newer is full it becomes the older, and what stood there is dropped.
///
/// It is public, though no product has it, so that the stores' compiler can specialise it; what is
/// `package` stays generic in other modules.
public struct RecentValues<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// Values in one generation: three quarters of 65,536 buckets, where a dictionary would grow.
    @inlinable public static var generationMax: Int { 49_152 }

    @usableFromInline var newer: [Key: Value] = [:]
    @usableFromInline var older: [Key: Value] = [:]

    @inlinable public init() {}

    /// Reading does not make a value newer; writing does.
    @inlinable public subscript(key: Key) -> Value? {
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
