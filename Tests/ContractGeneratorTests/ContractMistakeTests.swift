// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TellerProtocol
import Testing

@testable import ContractGenerator

/// What the generator refuses, so that nothing in the contract is silently without effect.
@Suite struct ContractMistakeTests {
    private static let create = "methods/withdraw.create"

    private static let mistakes: [(String, JSONValue?)] = [
        ("openrpc", .string("1.2.6")),
        ("info/version", nil),
        ("\(create)/x-scope", nil),
        ("\(create)/x-repeatable", .string("sometimes")),
        ("\(create)/description", nil),
        ("\(create)/result", nil),
        ("\(create)/name", .string("withdraw")),
        ("\(create)/name", .string("withdraw.get")),
        ("\(create)/params/amount/description", nil),
        ("\(create)/params/amount/schema", nil),
        ("\(create)/params/amount/schema/$ref", .string("#/components/schemas/Nano")),
        ("\(create)/params/amount/schema/$ref", .string("other.json#/Nanotons")),
        ("components/errors/INTERNAL", nil),
        ("components/errors/INTERNAL/code", .number("-32600")),
        ("components/errors/INTERNAL/data/status", .string("BROKEN")),
        ("components/errors/INTERNAL/data/reason", .string("OTHER")),
        ("components/errors/INTERNAL/data/retryable", nil),
        ("components/schemas/Comment/maxLength", nil),
        ("components/schemas/Comment/pattern", .string("^[a-z]*$")),
        ("components/schemas/PageLimit/maximum", nil),
        ("components/schemas/Account/properties/held", .object([.init("type", .string("number"))])),
        ("components/schemas/Account/description", nil),
        ("\(create)/deprecated", .bool(true)),
        ("\(create)/paramStructure", .string("by-position")),
        ("components/schemas/Comment/format", .string("uri")),
        ("components/schemas/PageLimit/multipleOf", .number("2")),
        ("components/schemas/Account/additionalProperties", .bool(false)),
        ("methods/withdraw.watch/x-stream", .object([.init("type", .string("boolean"))])),
        ("methods/withdraw.watch/x-stream/$ref", .string("#/components/schemas/Nothing")),
    ]

    @Test(arguments: mistakes.indices) func `a mistake is refused with its place`(
        index: Int
    ) throws {
        let (path, value) = Self.mistakes[index]
        let wrong = try Project.contractValue().replacing(path, with: value)
        let error = #expect(throws: ContractError.self, "\(path)") {
            try Contract(wrong.jsonBytes)
        }
        #expect(error?.place.isEmpty == false)
    }
}
