// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import TellerProtocol
import Testing

@testable import ContractGenerator

@Suite struct GeneratedFileTests {
    /// A folder of its own that holds the contract.
    private func folder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "teller-contract-\(UUID().uuidString)")
        let proto = folder.appending(path: "proto-docs")
        try FileManager.default.createDirectory(at: proto, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            at: Project.root.appending(path: ContractCommand.contractPath),
            to: folder.appending(path: ContractCommand.contractPath))
        return folder
    }

    private func run(_ arguments: String...) -> Int32 {
        do {
            var command = try ContractCommand.parseAsRoot(arguments)
            try command.run()
            return 0
        } catch {
            return ContractCommand.exitCode(for: error).rawValue
        }
    }

    @Test func `nothing generated is stale`() throws {
        for file in GeneratedFile.all(of: try Project.contract()) {
            #expect(
                try Project.bytes(file.path) == Array(file.text.utf8),
                "\(file.path): run `swift run teller-contract generate`")
        }
    }

    @Test func `the embedded contract is the contract`() throws {
        #expect(
            try JSONValue.parse(Array(ContractDocument.json.utf8)) == Project.contractValue())
        #expect(ContractDocument.version == (try Project.contract()).version)
    }

    @Test func `check fails until generate has run, and after an edit`() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(run("check", "--root", folder.path) == 1)
        #expect(run("generate", "--root", folder.path) == 0)
        #expect(run("check", "--root", folder.path) == 0)
        let reference = folder.appending(path: "proto-docs/reference.md")
        try Data("edited".utf8).write(to: reference)
        #expect(run("check", "--root", folder.path) == 1)
    }

    @Test func `breaking compares with an older file`() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let current = folder.appending(path: ContractCommand.contractPath).path
        #expect(run("breaking", current, "--root", folder.path) == 0)
        let old = try Project.contractValue().replacing(
            "methods/withdraw.get/name", with: .string("withdraw.find"))
        let oldFile = folder.appending(path: "old.json")
        try Data(old.jsonBytes).write(to: oldFile)
        #expect(run("breaking", oldFile.path, "--root", folder.path) == 1)
        #expect(run("breaking", folder.path + "/none.json", "--root", folder.path) == 64)
    }

    @Test func `a contract with a mistake writes nothing`() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let wrong = try Project.contractValue().replacing("info/version", with: nil)
        try Data(wrong.jsonBytes).write(to: folder.appending(path: ContractCommand.contractPath))
        #expect(run("generate", "--root", folder.path) != 0)
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/Sources"))
    }
}
