// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// A real process a test runs to its end.
package enum TestProcess {
    package struct Outcome: Sendable {
        package var status: Int32
        /// Standard output and standard error, as they came.
        package var output: String
    }

    package struct Failure: Error, CustomStringConvertible {
        package var description: String

        package init(description: String) { self.description = description }
    }

    /// Runs `arguments` (found through `PATH`) with `input` on standard input and waits.
    @discardableResult
    package static func run(
        _ arguments: [String], in folder: URL? = nil, input: String = ""
    ) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.currentDirectoryURL = folder
        let output = Pipe()
        let standardInput = Pipe()
        process.standardOutput = output
        process.standardError = output
        process.standardInput = standardInput
        try process.run()
        standardInput.fileHandleForWriting.write(Data(input.utf8))
        try standardInput.fileHandleForWriting.close()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus, output: String(decoding: bytes, as: UTF8.self))
    }

    /// The same, but a status other than 0 is an error.
    @discardableResult
    package static func runChecked(_ arguments: [String], in folder: URL? = nil) throws -> String {
        let outcome = try run(arguments, in: folder)
        guard outcome.status == 0 else {
            throw Failure(description: "\(arguments.joined(separator: " ")): \(outcome.output)")
        }
        return outcome.output
    }
}
