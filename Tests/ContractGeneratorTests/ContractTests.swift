// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TellerProtocol
import TestSupport
import Testing

@testable import ContractGenerator

/// The contract itself: valid OpenRPC, and true to its golden examples.
@Suite struct ContractTests {
    private func metaSchema() throws -> SchemaValidator {
        let file = try #require(
            Bundle.module.url(
                forResource: "openrpc-meta-schema", withExtension: "json",
                subdirectory: "Fixtures"))
        return SchemaValidator(root: try JSONValue.parse(Array(try Data(contentsOf: file))))
    }

    @Test func `the contract is valid by the OpenRPC meta-schema`() throws {
        let validator = try metaSchema()
        #expect(validator.problems(try Project.contractValue(), validator.root) == [])
    }

    @Test func `the meta-schema finds mistakes`() throws {
        let validator = try metaSchema()
        let contract = try Project.contractValue()
        let mistakes: [(String, JSONValue?)] = [
            ("openrpc", .string("1.2")), ("info/version", nil), ("methods", .object([])),
            ("methods/withdraw.create/params", nil),
            ("methods/withdraw.create/surprise", .bool(true)),
            ("methods/withdraw.create/params/amount/schema", nil),
            ("methods/withdraw.create/paramStructure", .string("by-guess")),
            ("components/errors/INTERNAL/code", .string("-32603")),
            ("servers/local/url", nil),
        ]
        for (path, value) in mistakes {
            let wrong = try contract.replacing(path, with: value)
            #expect(!validator.problems(wrong, validator.root).isEmpty, "\(path)")
        }
    }

    @Test func `every golden request and answer is what the contract declares`() throws {
        let root = try Project.contractValue()
        let validator = SchemaValidator(root: root, isClosed: true)
        for example in GoldenExample.all {
            let method = try #require(
                root["methods"]?.elements?.first { $0["name"]?.string == example.method },
                "\(example)")
            let request = example.request
            #expect(request["jsonrpc"]?.string == "2.0")
            #expect(request["method"]?.string == example.method)
            checkParams(request["params"] ?? .object([]), of: method, by: validator, example)

            for event in example.events {
                let schema = try #require(method["x-stream"], "\(example)")
                #expect(event["method"]?.string == example.method)
                let params = try #require(event["params"])
                #expect(validator.problems(params, schema, at: "\(example) event") == [])
            }

            let response = example.response
            #expect(response["id"] == request["id"])
            if let result = response["result"] {
                let schema = try #require(method["result"]?["schema"])
                #expect(validator.problems(result, schema, at: "\(example)") == [])
            } else {
                try checkError(response["error"], of: method, root: root, example)
            }
        }
    }

    private func checkParams(
        _ params: JSONValue, of method: JSONValue, by validator: SchemaValidator,
        _ example: GoldenExample
    ) {
        let declared = method["params"]?.elements ?? []
        for member in params.members ?? [] {
            let schema = declared.first { $0["name"]?.string == member.key }?["schema"]
            let problems = schema.map { validator.problems(member.value, $0, at: member.key) }
            #expect(problems == [], "\(example) \(member.key)")
        }
        for param in declared where param["required"]?.bool == true {
            #expect(params[param["name"]?.string ?? ""] != nil, "\(example)")
        }
    }

    /// Code, status and whether to retry are the table's; the method declares the reason.
    private func checkError(
        _ error: JSONValue?, of method: JSONValue, root: JSONValue, _ example: GoldenExample
    ) throws {
        let data = try #require(error?["data"], "\(example)")
        let reason = try #require(data["reason"]?.string)
        let declared = try #require(root["components"]?["errors"]?[reason], "\(example)")
        #expect(error?["code"] == declared["code"], "\(example)")
        #expect(data["status"] == declared["data"]?["status"], "\(example)")
        #expect(data["retryable"] == declared["data"]?["retryable"], "\(example)")
        let references = method["errors"]?.elements?.compactMap { $0["$ref"]?.string } ?? []
        #expect(references.contains("#/components/errors/\(reason)"), "\(example)")
    }

    @Test func `every method has a golden example, and its own examples are golden ones`() throws {
        let golden = GoldenExample.all
        for method in try #require(try Project.contractValue()["methods"]?.elements) {
            let name = try #require(method["name"]?.string)
            if name == "rpc.discover" { continue }
            let examples = method["examples"]?.elements ?? []
            #expect(!examples.isEmpty, "\(name)")
            for example in examples {
                let match = golden.first {
                    $0.method == name && $0.name == example["name"]?.string
                }
                let params = match?.request["params"]?.members ?? []
                let stated = (example["params"]?.elements ?? []).map {
                    JSONValue.Member($0["name"]?.string ?? "", $0["value"] ?? .null)
                }
                #expect(stated == params, "\(name)")
                #expect(example["result"]?["value"] == match?.response["result"])
            }
        }
    }

    @Test func `the limits of JSON text and of the Swift types are the same`() throws {
        let schemas = try #require(try Project.contractValue()["components"]?["schemas"])
        let pattern = { (name: String) in schemas[name]?["pattern"]?.string ?? "" }
        let cases: [(String, String, Bool)] = [
            ("Nanotons", "0", Nanotons(wire: "0") != nil),
            ("Nanotons", "01", Nanotons(wire: "01") != nil),
            ("Nanotons", "-1", Nanotons(wire: "-1") != nil),
            ("SignedNanotons", "-0", SignedNanotons(wire: "-0") != nil),
            ("SignedNanotons", "-1", SignedNanotons(wire: "-1") != nil),
            ("AccountId", "a b", AccountID("a b") != nil),
            ("AccountId", "user:1_a.b-c", AccountID("user:1_a.b-c") != nil),
            ("IdempotencyKey", "é", IdempotencyKey("é") != nil),
            ("IdempotencyKey", "a b~", IdempotencyKey("a b~") != nil),
            ("Timestamp", "2026-11-23T23:07:00Z", Timestamp("2026-11-23T23:07:00Z") != nil),
        ]
        for (name, text, isTaken) in cases {
            let regex = try Regex(pattern(name))
            #expect((text.wholeMatch(of: regex) != nil) == isTaken, "\(name) \(text)")
        }
    }

    @Test func `a withdrawal's id is read in either case and written in lower case`() throws {
        let pattern = try #require(
            Project.contractValue()["components"]?["schemas"]?["WithdrawalId"]?["pattern"]?.string)
        let regex = try Regex(pattern)
        let id = "019ab2c4-5d6e-7f80-9a1b-2c3d4e5f6071"
        #expect(WithdrawalID(id.uppercased())?.description == id)
        // Each character of both cases in turn becomes each that matters.
        for text in [id, id.uppercased()] {
            for index in text.indices {
                for character in "0789aAbBcCfFgG-:" {
                    var other = text
                    other.replaceSubrange(index...index, with: [character])
                    let isTaken = WithdrawalID(other) != nil
                    #expect((other.wholeMatch(of: regex) != nil) == isTaken, "\(other)")
                }
            }
        }
    }
}
