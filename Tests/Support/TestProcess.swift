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

    /// How long a tool may take when a test names no other time, on a busy machine.
    package static let timeoutStandard: Duration = .seconds(120)

    /// Runs `arguments` (found through `PATH`) with `input` on standard input and waits.
    ///
    /// - Throws: `Failure` with what the process has written when it has not ended (and closed
    ///   its output) within `timeout`; it has been killed then.
    @discardableResult
    package static func run(
        _ arguments: [String], in folder: URL? = nil, input: String = "",
        timeout: Duration = timeoutStandard
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
        let end = ContinuousClock.now + timeout
        try process.run()
        feed(input, to: standardInput.fileHandleForWriting)
        var bytes: [UInt8] = []
        let isComplete = collect(output.fileHandleForReading, into: &bytes, until: end)
        while isComplete, process.isRunning, ContinuousClock.now < end { usleep(1000) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        let text = String(decoding: bytes, as: UTF8.self)
        guard isComplete, ContinuousClock.now < end else {
            throw Failure(
                description:
                    "\(arguments.joined(separator: " ")): not done after \(timeout): \(text)")
        }
        return Outcome(status: process.terminationStatus, output: text)
    }

    /// Writes from a thread of its own, so that a process that reads nothing holds nobody up.
    private static func feed(_ input: String, to pipe: FileHandle) {
        guard !input.isEmpty else {
            try? pipe.close()
            return
        }
        Thread.detachNewThread {
            // A process that ends without reading its input must not end the tests.
            var signals = sigset_t()
            sigemptyset(&signals)
            sigaddset(&signals, SIGPIPE)
            pthread_sigmask(SIG_BLOCK, &signals, nil)
            try? pipe.write(contentsOf: Data(input.utf8))
            try? pipe.close()
        }
    }

    /// Reads until all writers have closed the pipe; false when `end` comes first.
    private static func collect(
        _ pipe: FileHandle, into bytes: inout [UInt8], until end: ContinuousClock.Instant
    ) -> Bool {
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let left = end - .now
            guard left > .zero else { return false }
            var descriptor = pollfd(fd: pipe.fileDescriptor, events: Int16(POLLIN), revents: 0)
            let milliseconds = min(left / .milliseconds(1), 60_000).rounded(.up)
            guard poll(&descriptor, 1, Int32(milliseconds)) > 0 else { continue }
            let count = read(pipe.fileDescriptor, &part, part.count)
            if count > 0 { bytes += part[..<count] } else if count == 0 { return true }
        }
    }

    /// The same, but a status other than 0 is an error.
    @discardableResult
    package static func runChecked(
        _ arguments: [String], in folder: URL? = nil, timeout: Duration = timeoutStandard
    ) throws -> String {
        let outcome = try run(arguments, in: folder, timeout: timeout)
        guard outcome.status == 0 else {
            throw Failure(description: "\(arguments.joined(separator: " ")): \(outcome.output)")
        }
        return outcome.output
    }
}
