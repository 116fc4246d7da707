// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The open streams of a connection, found by id several times for each request.
///
/// Ids count upwards in twos, so half an id, cut to the table's size, spreads perfectly: a lookup
/// is one comparison, where a dictionary would hash.
struct StreamTable {
    private var slots: [HTTP2Stream?] = []
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// The streams in no particular order; a copy, so that they may be removed meanwhile.
    var all: [HTTP2Stream] { slots.compactMap { $0 } }

    subscript(id: Int32) -> HTTP2Stream? {
        guard count > 0 else { return nil }
        var slot = home(id)
        while let stream = slots[slot] {
            if stream.id == id { return stream }
            slot = next(slot)
        }
        return nil
    }

    mutating func insert(_ stream: HTTP2Stream) {
        if (count + 1) * 2 > slots.count { resize(max(8, slots.count * 2)) }
        var slot = home(stream.id)
        while slots[slot] != nil { slot = next(slot) }
        slots[slot] = stream
        count += 1
    }

    mutating func remove(_ id: Int32) -> HTTP2Stream? {
        guard count > 0 else { return nil }
        var slot = home(id)
        while let stream = slots[slot] {
            if stream.id == id {
                slots[slot] = nil
                count -= 1
                closeGap(slot)
                if count == 0, slots.count > 64 { slots = [] }
                return stream
            }
            slot = next(slot)
        }
        return nil
    }

    /// Moves streams that had been pushed past `gap` back towards their homes.
    private mutating func closeGap(_ gap: Int) {
        var gap = gap
        var slot = next(gap)
        while let stream = slots[slot] {
            let home = home(stream.id)
            // Whether `home` lies cyclically outside (gap, slot].
            let isPushed = gap <= slot ? home <= gap || home > slot : home <= gap && home > slot
            if isPushed {
                slots[gap] = stream
                slots[slot] = nil
                gap = slot
            }
            slot = next(slot)
        }
    }

    private mutating func resize(_ size: Int) {
        let streams = all
        slots = Array(repeating: nil, count: size)
        count = 0
        for stream in streams { insert(stream) }
    }

    private func home(_ id: Int32) -> Int { Int(id >> 1) & (slots.count - 1) }
    private func next(_ slot: Int) -> Int { (slot + 1) & (slots.count - 1) }
}
