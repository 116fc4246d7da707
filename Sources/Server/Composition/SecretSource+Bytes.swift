// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

extension SecretSource {
    /// How long a command may take.
    private static let commandTimeout: TimeInterval = 30

    /// Reads the secret; it blocks while a command runs.
    ///
    /// - Throws: `SecretSourceError`, which holds nothing of the secret.
    func bytes(max: Int) throws -> [UInt8] {
        let bytes =
            switch self {
            case .text(let text): Array(text.utf8)
            case .file(let path): try Self.contents(of: path)
            case .command(let words): try Self.output(of: words)
            }
        guard bytes.count <= max else { throw SecretSourceError.tooLong }
        return bytes
    }

    private static func contents(of path: String) throws -> [UInt8] {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard let attributes, let data = FileManager.default.contents(atPath: path) else {
            throw SecretSourceError.unreadable(path)
        }
        // Whoever reads it has the money.
        if let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue, mode & 0o077 != 0 {
            throw SecretSourceError.readableByOthers(path)
        }
        return Array(data)
    }

    private static func output(of words: [String]) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = words
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardInput = FileHandle.nullDevice
        do { try process.run() } catch { throw SecretSourceError.command(words[0], status: nil) }
        let deadline = DispatchWorkItem { process.terminate() }
        DispatchQueue.global().asyncAfter(deadline: .now() + commandTimeout, execute: deadline)
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        deadline.cancel()
        guard process.terminationStatus == 0 else {
            throw SecretSourceError.command(words[0], status: process.terminationStatus)
        }
        return Array(data)
    }
}

/// Why a secret can't be read. It holds nothing of it.
enum SecretSourceError: Error, CustomStringConvertible {
    case unreadable(String)
    case readableByOthers(String)
    case command(String, status: Int32?)
    case tooLong

    var description: String {
        switch self {
        case .unreadable(let path): "the file \(path) with the secret can't be read"
        case .readableByOthers(let path):
            "the file \(path) with the secret may be read by others; chmod 600 it"
        case .command(let name, let status):
            "the command \(name) for the secret "
                + (status.map { "ended with \($0)" } ?? "could not be started")
        case .tooLong: "the secret's text is too long"
        }
    }
}
