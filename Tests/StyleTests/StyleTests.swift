// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Testing

/// The rules of the house that neither the compiler nor the formatter sees.
@Suite struct StyleTests {
    private let sources = SourceFile.all.filter { $0.module != nil }

    /// The modules a request passes through; Foundation costs too much there.
    private static let requestPath: Set<String> = [
        "Protocol", "HTTPMessages", "HTTP2", "TLS", "Transport", "RPC", "Ledger", "Resilience",
        "Marketplaces", "TON", "TONChain", "Supervision", "Telemetry", "Upstream",
    ]
    /// The modules that speak to C libraries, and the one file that speaks to the kernel.
    private static let pointerModules: Set<String> = [
        "HTTP2", "TLS", "SQLiteStore", "PostgresStore",
    ]
    private static let pointerFile = "Sources/Client/Journal/JournalFile.swift"

    @Test func `the files are found`() {
        #expect(SourceFile.all.count > 100)
    }

    @Test func `every file begins with its licence`() {
        let missing = SourceFile.all.filter { file in
            // SwiftPM wants the tools version first.
            let start = file.path.hasSuffix("/Package.swift") ? 1 : 0
            return !file.lines[start].hasPrefix("// SPDX-FileCopyrightText: ")
                || file.lines[start + 1] != "// SPDX-License-Identifier: Apache-2.0"
        }
        #expect(missing.map(\.path) == [])
    }

    @Test func `a file has at most 500 lines and a function 70`() {
        let written = SourceFile.all.filter { !$0.isGenerated }
        #expect(written.filter { $0.lines.count > 501 }.map(\.path) == [])
        let long = written.flatMap { file in
            file.functions.filter { $0.count > 70 }.map { "\(file.path):\($0.line)" }
        }
        #expect(long == [])
    }

    @Test func `nothing is left to do later`() {
        let words = ["TO" + "DO", "FIX" + "ME"]
        let places = SourceFile.all.flatMap { file in
            file.lines.indices.filter { index in words.contains { file.lines[index].contains($0) } }
                .map { "\(file.path):\($0 + 1)" }
        }
        #expect(places == [])
    }

    @Test func `nothing in the sources traps on an error or a cast`() {
        #expect(sources.flatMap { $0.places("try!", "as!") } == [])
    }

    /// A comment on the line or close above it says what guards the state.
    @Test func `what the compiler is told to trust names its guard`() {
        let places = sources.flatMap { file in
            file.places("@unchecked Sendable", "nonisolated(unsafe)").filter { place in
                let index = (Int(place.split(separator: ":").last ?? "") ?? 1) - 1
                return !file.lines[...index].suffix(6).contains { $0.contains("//") }
            }
        }
        #expect(places == [])
    }

    @Test func `Foundation stays off the request path`() {
        let path = sources.filter { Self.requestPath.contains($0.module ?? "") }
        #expect(path.flatMap { $0.places("import Foundation") } == [])
    }

    @Test func `pointers live beside the C libraries and cross no module's border`() {
        let elsewhere = sources.filter {
            !Self.pointerModules.contains($0.module ?? "") && $0.path != Self.pointerFile
        }
        #expect(elsewhere.flatMap { $0.places("Pointer", "Unmanaged") } == [])
        let crossing = sources.flatMap {
            $0.places("Pointer") { $0.hasPrefix("package ") || $0.hasPrefix("public ") }
        }
        #expect(crossing == [])
    }

    @Test func `only the server names a concrete store, and only the wire names its sockets`() {
        let below = sources.filter { $0.module != "Server" }
        #expect(below.flatMap { $0.places("import SQLiteStore", "import PostgresStore") } == [])
        let wired: Set<String> = ["HTTP2", "TLS", "PostgresStore"]
        let unwired = sources.filter { !wired.contains($0.module ?? "") }
        #expect(
            unwired.flatMap { $0.places("import CNghttp2", "import COpenSSL", "import CLibpq") }
                == [])
        let dry: Set<String> = ["Protocol", "HTTPMessages", "RPC", "Ledger", "Resilience"]
        let socketless = sources.filter { dry.contains($0.module ?? "") }
        #expect(socketless.flatMap { $0.places("import NIO") } == [])
    }

    @Test func `what is public belongs to the two libraries`() {
        // Public for the optimiser alone, which stops at `package`.
        let hot = ["Sources/HTTPMessages/HTTPHeaders.swift", "Sources/Ledger/RecentValues.swift"]
        let others = sources.filter {
            !["Protocol", "Client"].contains($0.module ?? "") && !hot.contains($0.path)
        }
        #expect(
            others.flatMap {
                $0.places("public ") { $0.hasPrefix("public ") && !$0.hasPrefix("public import") }
            } == [])
    }
}
