// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TellerProtocol
import Testing

@testable import ContractGenerator

@Suite struct BreakingChangesTests {
    private func changes(_ edits: (String, JSONValue?)...) throws -> [String] {
        var value = try Project.contractValue()
        for (path, new) in edits { value = try value.replacing(path, with: new) }
        return BreakingChanges(from: try Project.contract(), to: try Contract(value.jsonBytes))
            .changes
    }

    private func reference(_ name: String) -> JSONValue {
        .object([.init("$ref", .string("#/components/schemas/\(name)"))])
    }

    @Test func `the contract does not break itself`() throws {
        #expect(try changes() == [])
    }

    @Test func `a method that goes or needs more rights breaks`() throws {
        #expect(try changes(("methods/withdraw.get", nil)) == ["withdraw.get: removed"])
        #expect(
            try changes(("methods/withdraw.get/x-scope", .string("withdraw:write")))
                == ["withdraw.get: other scope"])
        #expect(
            try changes(("methods/withdraw.get/x-repeatable", .string("with-key")))
                == ["withdraw.get: no longer repeatable"])
        #expect(try !changes(("methods/withdraw.watch/x-stream", nil)).isEmpty)
        #expect(try !changes(("methods/withdraw.watch/x-stream", reference("Entry"))).isEmpty)
    }

    @Test func `a param that goes, comes required or becomes required breaks`() throws {
        let params = "methods/withdraw.create/params"
        #expect(
            try changes(("\(params)/comment", nil)) == ["withdraw.create.comment: removed"])
        #expect(
            try changes(("\(params)/comment/required", .bool(true)))
                == ["withdraw.create.comment: now required"])
        let param = JSONValue.object([
            .init("name", .string("extra")), .init("description", .string("More.")),
            .init("required", .bool(true)), .init("schema", reference("Comment")),
        ])
        #expect(
            try changes(("\(params)/extra", param))
                == ["withdraw.create.extra: new and required"])
        #expect(
            try changes(
                ("\(params)/extra", param), ("\(params)/extra/required", .bool(false))) == [])
    }

    @Test func `what callers send may widen and not narrow`() throws {
        let comment = "components/schemas/Comment"
        let state = "components/schemas/WithdrawalState/enum"
        let narrowed = try changes(("\(comment)/maxLength", .number("499")))
        #expect(narrowed.contains("withdraw.create.comment: narrower limits"))
        let limit = try changes(("components/schemas/PageLimit/maximum", .number("100")))
        #expect(limit.contains("withdraw.list.limit: narrower limits"))
        #expect(try changes(("components/schemas/PageLimit/maximum", .number("500"))) == [])
        #expect(
            try changes(("\(state)/IN_REVIEW", nil)).contains {
                $0.hasPrefix("withdraw.list.state: no longer takes IN_REVIEW")
            })
        let pattern = try changes(
            ("components/schemas/AccountId/pattern", .string("^[a-z]{1,64}$")))
        #expect(pattern.contains("account.get.accountId: other pattern"))
    }

    @Test func `what callers receive may narrow and not widen or go`() throws {
        let held = "components/schemas/Account/properties/held"
        let required = "components/schemas/Account/required/held"
        #expect(
            try changes((held, nil), (required, nil)).contains(
                "account.get result.account.held: removed"))
        #expect(
            try changes((required, nil))
                .contains("account.get result.account.held: may now be absent"))
        #expect(
            try changes((held, reference("Count")))
                .contains("account.get result.account.held: other type"))
        let kinds = "components/schemas/EntryKind/enum/GIFT"
        #expect(
            try changes((kinds, .string("GIFT")))
                .contains("account.entries result.entries[].kind: may now be GIFT"))
        let wider = try changes(("components/schemas/Comment/maxLength", .number("501")))
        #expect(wider.contains("withdraw.get result.withdrawal.comment: wider limits"))
        #expect(
            try changes(
                ("components/schemas/Account/properties/note", reference("Comment"))) == [])
    }

    @Test func `an error that changes its meaning breaks`() throws {
        let error = "components/errors/KEY_REUSED"
        #expect(
            try changes(("\(error)/code", .number("-32090")))
                == ["error KEY_REUSED: other code"])
        #expect(
            try changes(("\(error)/data/status", .string("ABORTED")))
                == ["error KEY_REUSED: other status"])
        #expect(
            try changes(("components/errors/OVERLOADED/data/retryable", .bool(false)))
                == ["error OVERLOADED: no longer retryable"])
        #expect(try changes(("\(error)/message", .string("used before"))) == [])
    }
}
