// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// A message as it stands in a transaction. Source: `Message` in TON's `crypto/block/block.tlb`.
package struct Message: Sendable {
    /// The hash of the cell as the chain has it.
    package let hash: Hash256
    package let header: Header
    package let hasStateInit: Bool
    package let body: Cell

    package enum Header: Sendable {
        /// From one account to another.
        case account(AccountHeader)
        /// From outside to an account.
        case external(destination: TONAddress)
        /// From an account to the outside: a log entry.
        case log(source: TONAddress)
    }

    /// The header of a message between accounts. Amounts are nanotons.
    package struct AccountHeader: Sendable {
        package let isBounceable: Bool
        /// Whether the message came back from an account that didn't take it.
        package let isBounced: Bool
        package let source: TONAddress
        package let destination: TONAddress
        package let nanotons: UInt64
        package let hasExtraCurrencies: Bool
        /// 0 unless instant hypercube routing was allowed; what stands in the field otherwise is
        /// no amount.
        package let routingFee: UInt64
        package let forwardFee: UInt64
        package let createdLT: UInt64
        /// Unix seconds.
        package let createdAt: UInt32
    }

    /// - Throws: `CellError` when `cell` is no message, or has an address of a form that is not
    ///   in use.
    package init(_ cell: Cell) throws(CellError) {
        var slice = try CellSlice(cell)
        header = try Self.loadHeader(&slice)
        hasStateInit = try slice.loadBit()
        if hasStateInit { try Self.skipStateInit(&slice) }
        let isReferenced = try slice.loadBit()
        if isReferenced {
            body = try slice.loadReference()
            try slice.expectEnd(of: "message")
        } else {
            body = try slice.remainder()
        }
        hash = cell.hash
    }

    /// The message of the given bytes, from outside.
    package var externalDestination: TONAddress? {
        if case .external(let destination) = header { destination } else { nil }
    }

    /// The header when both ends are accounts.
    package var accountHeader: AccountHeader? {
        if case .account(let header) = header { header } else { nil }
    }

    /// The hash of TEP-467; nil unless the message came from outside.
    package func normalizedHash() throws(CellError) -> Hash256? {
        guard let destination = externalDestination else { return nil }
        return try ExternalMessage(destination: destination, body: body).normalizedHash()
    }

    private static func loadHeader(_ slice: inout CellSlice) throws(CellError) -> Header {
        guard try slice.loadBit() else { return .account(try loadAccountHeader(&slice)) }
        if try !slice.loadBit() {
            try skipOutsideAddress(&slice)
            let destination = try loadAccount(&slice)
            _ = try slice.loadCoins()
            return .external(destination: destination)
        }
        let source = try loadAccount(&slice)
        try skipOutsideAddress(&slice)
        try slice.skip(64 + 32)
        return .log(source: source)
    }

    private static func loadAccountHeader(
        _ slice: inout CellSlice
    ) throws(CellError) -> AccountHeader {
        let isRoutingDisabled = try slice.loadBit()
        let isBounceable = try slice.loadBit()
        let isBounced = try slice.loadBit()
        let source = try loadAccount(&slice)
        let destination = try loadAccount(&slice)
        let nanotons = try slice.loadCoins()
        let extraCurrencies = try slice.loadOptionalReference()
        var routingFee: UInt64 = 0
        if isRoutingDisabled {
            try slice.skip(Int(try slice.loadUInt(4)) * 8)
        } else {
            routingFee = try slice.loadCoins()
        }
        return AccountHeader(
            isBounceable: isBounceable, isBounced: isBounced, source: source,
            destination: destination, nanotons: nanotons,
            hasExtraCurrencies: extraCurrencies != nil, routingFee: routingFee,
            forwardFee: try slice.loadCoins(), createdLT: try slice.loadUInt(64),
            createdAt: try slice.loadUInt32())
    }

    private static func loadAccount(_ slice: inout CellSlice) throws(CellError) -> TONAddress {
        guard let address = try slice.loadAddress() else { throw .malformed("address") }
        return address
    }

    /// Passes over `MsgAddressExt`.
    private static func skipOutsideAddress(_ slice: inout CellSlice) throws(CellError) {
        switch try slice.loadUInt(2) {
        case 0b00: break
        case 0b01: try slice.skip(Int(try slice.loadUInt(9)))
        default: throw .malformed("address")
        }
    }

    /// Passes over a state init, in a cell of its own or in this one.
    private static func skipStateInit(_ slice: inout CellSlice) throws(CellError) {
        if try slice.loadBit() {
            _ = try slice.loadReference()
            return
        }
        if try slice.loadBit() { try slice.skip(5) }
        if try slice.loadBit() { try slice.skip(2) }
        for _ in 0..<3 { _ = try slice.loadOptionalReference() }
    }
}
