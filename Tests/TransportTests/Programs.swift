// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What a program printed and how it ended.
struct ProgramOutcome {
    var status: Int32
    var output: String
}

/// Runs a program to its end.
func run(_ program: String, _ arguments: [String]) async throws -> ProgramOutcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    return await withCheckedContinuation { continuation in
        // Reading and waiting block, so they have a thread of their own.
        Thread.detachNewThread {
            let data = pipe.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            continuation.resume(
                returning: ProgramOutcome(
                    status: process.terminationStatus,
                    output: String(decoding: data, as: UTF8.self)))
        }
    }
}
