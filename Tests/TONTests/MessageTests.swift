// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import TON

/// Forms that the wallets' own messages don't have.
@Suite struct MessageTests {
    private let source: TONAddress
    private let destination: TONAddress

    init() throws {
        source = TONAddress(workchain: -1, accountHash: Cell.empty.hash)
        destination = TONAddress(workchain: 0, accountHash: Cell.empty.hash)
    }

    /// `int_msg_info` up to its flags; the rest follows from `rest`.
    private func message(_ rest: (inout CellBuilder) throws -> Void) throws -> Message {
        var builder = CellBuilder()
        try rest(&builder)
        return try Message(builder.cell())
    }

    private func storeHeader(
        _ builder: inout CellBuilder, isRoutingDisabled: Bool, routingFee: UInt64
    ) throws {
        try builder.store(isRoutingDisabled ? 0b0101 : 0b0001, bits: 4)
        try builder.store(source)
        try builder.store(destination)
        try builder.store(coins: 5)
        try builder.store(optional: .empty)
        try builder.store(coins: routingFee)
        try builder.store(coins: 7)
        try builder.store(8, bits: 64)
        try builder.store(9, bits: 32)
    }

    @Test func `the field of the routing fee counts only when routing is allowed`() throws {
        for isDisabled in [true, false] {
            let message = try message { builder in
                try storeHeader(&builder, isRoutingDisabled: isDisabled, routingFee: 3)
                try builder.store(0b00, bits: 2)
            }
            let header = try #require(message.accountHeader)
            #expect(header.routingFee == (isDisabled ? 0 : 3))
            #expect(header.hasExtraCurrencies)
            #expect(header.isBounced && !header.isBounceable)
            #expect(header.nanotons == 5 && header.forwardFee == 7)
            #expect(header.createdLT == 8 && header.createdAt == 9)
            #expect(header.source == source && header.destination == destination)
            #expect(message.body == .empty)
        }
    }

    @Test func `a state init in the message's own cell is passed over`() throws {
        let message = try message { builder in
            try storeHeader(&builder, isRoutingDisabled: true, routingFee: 0)
            // Inline, with prefix 5 bits, tick and tock, code, data; then the body, inline.
            try builder.store(0b10, bits: 2)
            try builder.store(0b1_10101, bits: 6)
            try builder.store(0b1_11, bits: 3)
            try builder.store(optional: .empty)
            try builder.store(optional: .empty)
            try builder.store(optional: nil)
            try builder.store(0b0, bits: 1)
            try builder.store(0xABCD, bits: 16)
        }
        #expect(message.hasStateInit)
        var body = try CellSlice(message.body)
        #expect(try body.loadUInt(16) == 0xABCD)
        #expect(body.isAtEnd)
    }

    @Test func `an external message keeps its normalized hash whatever relays change`() throws {
        let body = try TextComment.body("signed")
        let plain = ExternalMessage(destination: destination, body: body)
        let changed = try message { builder in
            try builder.store(0b10, bits: 2)
            // A source of 9 bits from outside, an import fee, the body inline.
            try builder.store(0b01, bits: 2)
            try builder.store(9, bits: 9)
            try builder.store(0x1FF, bits: 9)
            try builder.store(destination)
            try builder.store(coins: 1_000)
            try builder.store(0b00, bits: 2)
            try builder.store(CellSlice(body))
        }
        #expect(changed.externalDestination == destination)
        #expect(try changed.normalizedHash() == plain.normalizedHash())
        #expect(try changed.hash != plain.cell().hash)
    }

    @Test func `a log entry is no message between accounts`() throws {
        let message = try message { builder in
            try builder.store(0b11, bits: 2)
            try builder.store(source)
            try builder.store(nil)
            try builder.store(1, bits: 64)
            try builder.store(2, bits: 32)
            try builder.store(0b00, bits: 2)
        }
        #expect(message.accountHeader == nil && message.externalDestination == nil)
        #expect(try message.normalizedHash() == nil)
        if case .log(let sender) = message.header {
            #expect(sender == source)
        } else {
            Issue.record("not a log entry")
        }
    }

    @Test func `a message without an account to go to is refused`() {
        #expect(throws: CellError.malformed("address")) {
            try message { try $0.store(0b10_00_00, bits: 6) }
        }
        #expect(throws: CellError.dataUnderflow) { try message { try $0.store(0b10, bits: 2) } }
    }

    // MARK: - Dictionaries

    /// A dictionary of 64-bit keys whose cells are all shared: 2⁶⁴ entries in 65 cells.
    @Test func `a dictionary ends at its limit, however many entries its cells pretend`() throws {
        var node = Cell.empty
        var leaf = CellBuilder()
        try leaf.store(0b00, bits: 2)
        node = try leaf.cell()
        for _ in 0..<64 {
            var fork = CellBuilder()
            try fork.store(0b00, bits: 2)
            try fork.store(reference: node)
            try fork.store(reference: node)
            node = try fork.cell()
        }
        var root = CellBuilder()
        try root.store(optional: node)
        let cell = try root.cell()
        #expect(throws: CellError.malformed("dictionary")) {
            var slice = try CellSlice(cell)
            _ = try CellDictionary.load(from: &slice, keyBits: 64, entriesMax: 1_000)
        }
    }

    /// Labels in their three forms: short `0`, long `10`, same `11`.
    @Test func `every form of label is read`() throws {
        let labels: [(store: (inout CellBuilder) throws -> Void, key: UInt64)] = [
            ({ try $0.store(0b0_11110_1010, bits: 10) }, 0b1010),
            ({ try $0.store(0b10_100_1010, bits: 9) }, 0b1010),
            ({ try $0.store(0b11_1_100, bits: 6) }, 0b1111),
            ({ try $0.store(0b11_0_100, bits: 6) }, 0b0000),
        ]
        for (store, key) in labels {
            var leaf = CellBuilder()
            try store(&leaf)
            try leaf.store(0x77, bits: 8)
            var root = CellBuilder()
            try root.store(optional: leaf.cell())
            var slice = try CellSlice(root.cell())
            let entries = try CellDictionary.load(from: &slice, keyBits: 4, entriesMax: 1)
            #expect(entries.map(\.key) == [key])
            var value = try #require(entries.first).value
            #expect(try value.loadUInt(8) == 0x77)
        }
        var empty = try CellSlice(Vectors.Tree(bits: "0", refs: []).cell())
        #expect(try CellDictionary.load(from: &empty, keyBits: 15, entriesMax: 0).isEmpty)
    }

    @Test(arguments: ["0111110101010", "10101101010", "111101", "110111"])
    func `a label longer than the key is refused`(bits: String) throws {
        let leaf = try Vectors.Tree(bits: bits, refs: []).cell()
        var root = CellBuilder()
        try root.store(optional: leaf)
        let cell = try root.cell()
        #expect(throws: CellError.malformed("dictionary")) {
            var slice = try CellSlice(cell)
            _ = try CellDictionary.load(from: &slice, keyBits: 4, entriesMax: 10)
        }
    }
}
