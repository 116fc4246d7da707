// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A Swift file of the project.
struct SourceFile: Sendable {
    /// From the project's root: `Sources/RPC/RPCHandler.swift`.
    let path: String
    let lines: [String]

    var isGenerated: Bool { path.contains("/Generated/") }

    /// The folder below `Sources`; nil outside it.
    var module: String? {
        let steps = path.split(separator: "/")
        return steps.count > 2 && steps[0] == "Sources" ? String(steps[1]) : nil
    }

    static let all: [SourceFile] = {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return ["Sources", "Tests", "Benchmarks"].flatMap { folder in
            let paths = FileManager.default.enumerator(atPath: root.appending(path: folder).path)
            return (paths?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".swift") }
                .sorted().compactMap { path -> SourceFile? in
                    let path = "\(folder)/\(path)"
                    let url = root.appending(path: path)
                    guard let text = try? String(contentsOf: url, encoding: .utf8) else {
                        return nil
                    }
                    return SourceFile(path: path, lines: text.components(separatedBy: "\n"))
                }
        }
    }()

    /// The places where one of `words` stands in the code, comments and string literals left
    /// out: `path:line`.
    func places(_ words: String..., where isMeant: (Substring) -> Bool = { _ in true }) -> [String]
    {
        lines.indices.filter { index in
            // Most lines have no such word even in a comment; the costly look is for the rest.
            words.contains { word in
                lines[index].contains(word) && code(at: index).contains(word)
            } && isMeant(lines[index].drop { $0 == " " })
        }.map { "\(path):\($0 + 1)" }
    }

    /// The line without its comment and without what stands between quotes.
    func code(at index: Int) -> String {
        let parts = lines[index].replacing("\\\"", with: "").split(
            separator: "\"", omittingEmptySubsequences: false)
        let code = parts.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
            .joined(separator: "\"")
        return code.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false).first
            .map(String.init) ?? ""
    }

    /// The functions and initializers with the number of their lines. The formatter puts the
    /// closing brace under the start of the declaration.
    var functions: [(line: Int, count: Int)] {
        let start = /^( *)(?:[a-z@(), A-Z]+ )?(?:func |init[?(<]|deinit )/
        return lines.indices.compactMap { index in
            guard let match = try? start.prefixMatch(in: lines[index]) else { return nil }
            let indent = String(match.1)
            // A declaration without a body ends before anything stands as far out again.
            let end = lines[(index + 1)...].firstIndex { line in
                !line.isEmpty && !line.hasPrefix(indent + " ") && !line.hasPrefix(indent + ")")
                    && !line.hasPrefix(indent + "{")
            }
            guard let end else { return nil }
            return (index + 1, end - index + 1)
        }
    }
}
