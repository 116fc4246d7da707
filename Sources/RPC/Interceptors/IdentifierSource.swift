// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Makes request ids and span ids: a counter, mixed so that ids of one process look unrelated.
///
/// The mixing is a bijection, so 2⁶⁴ ids pass before one repeats. They name things; they are no
/// secrets and must not be used as such.
final class IdentifierSource: Sendable {
    private let counter: Atomic<UInt64>

    /// - Parameter seed: random, so that two processes make different ids.
    init(seed: UInt64) { counter = Atomic(seed) }

    /// Never zero, which W3C Trace Context forbids as a span's id.
    func next() -> UInt64 {
        let golden: UInt64 = 0x9E37_79B9_7F4A_7C15
        let (_, value) = counter.wrappingAdd(golden, ordering: .relaxed)
        // The finalizer of SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number
        // Generators", 2014).
        var mixed = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        return mixed == 0 ? golden : mixed
    }

    /// At most 13 digits of base 32, which Swift keeps without an allocation.
    func nextText() -> String { String(next(), radix: 32) }
}
