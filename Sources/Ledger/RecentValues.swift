// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// A bounded memory: when it is full, a new key takes the place of the one that came first.
///
/// What is used all the time goes like the rest, and comes back at its next use: with as many
/// values as there is room for here, that is seldom. In return nothing is kept twice and a look
/// changes nothing.
///
/// It is public, though no product has it, so that the stores' compiler can specialise it; what is
/// `package` stays generic in other modules.
public struct RecentValues<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// Three quarters of 131,072 buckets, where a dictionary would grow.
    @inlinable public static var countMax: Int { 98_304 }

    @usableFromInline let capacity: Int
    @usableFromInline var values: [Key: Value] = [:]
    /// The keys in the order they came, from `oldest` on and round; also those removed since.
    @usableFromInline var order: [Key] = []
    @usableFromInline var oldest = 0

    /// - Parameter capacity: values that are kept; at least 1.
    @inlinable public init(capacity: Int = Self.countMax) {
        self.capacity = capacity
    }

    @inlinable public var count: Int { values.count }

    @inlinable public subscript(key: Key) -> Value? {
        get { values[key] }
        set {
            guard let newValue else {
                values[key] = nil
                return
            }
            if values.updateValue(newValue, forKey: key) == nil { noteNew(key) }
        }
    }

    @inlinable mutating func noteNew(_ key: Key) {
        guard order.count >= capacity else {
            order.append(key)
            return
        }
        let first = order[oldest]
        order[oldest] = key
        oldest = oldest + 1 == capacity ? 0 : oldest + 1
        if first != key { values[first] = nil }
    }
}
