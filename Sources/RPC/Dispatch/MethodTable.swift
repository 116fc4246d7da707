// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TellerProtocol

/// Finds a method by the bytes of its name, without making text of them.
///
/// Open addressing with linear probing over at least twice as many slots as methods.
struct MethodTable: Sendable {
    private let methods: [RPCMethod]
    private let names: [[UInt8]]
    /// Indices into `methods`; −1 for an empty slot. The count is a power of two.
    private let slots: [Int32]

    /// - Precondition: every name stands once.
    init(_ methods: [RPCMethod]) {
        self.methods = methods
        names = methods.map { Array($0.name.utf8) }
        var count = 8
        while count < 2 * methods.count { count *= 2 }
        var slots = [Int32](repeating: -1, count: count)
        for (index, name) in names.enumerated() {
            var slot = Self.hash(name[...]) & (count - 1)
            while slots[slot] >= 0 {
                precondition(names[Int(slots[slot])] != name, "two methods of one name")
                slot = (slot + 1) & (count - 1)
            }
            slots[slot] = Int32(index)
        }
        self.slots = slots
    }

    /// The method whose name is the JSON string at `range`, quotes included; nil for none.
    func method(named bytes: [UInt8], _ range: Range<Int>) -> RPCMethod? {
        let name = bytes[range.lowerBound + 1..<range.upperBound - 1]
        if let method = method(named: name) { return method }
        guard name.contains(UInt8(ascii: "\\")) else { return nil }
        var reader = JSONReader(bytes, range: range)
        guard let text = try? reader.readString() else { return nil }
        return method(named: Array(text.utf8)[...])
    }

    private func method(named name: ArraySlice<UInt8>) -> RPCMethod? {
        var slot = Self.hash(name) & (slots.count - 1)
        while slots[slot] >= 0 {
            let index = Int(slots[slot])
            if names[index].elementsEqual(name) { return methods[index] }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// FNV-1a (Fowler, Noll, Vo), 64 bits.
    private static func hash(_ bytes: ArraySlice<UInt8>) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return Int(truncatingIfNeeded: hash ^ hash >> 32)
    }
}
