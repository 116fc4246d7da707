// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TON

extension WalletKey {
    /// Bytes of a key's text at the most.
    private static let textBytesMax = 4096
    /// How long a key command may take.
    private static let commandTimeout: TimeInterval = 30

    /// Reads the hot wallet's key from where the configuration says.
    ///
    /// - Throws: `KeySourceError` or `WalletKeyError`; neither holds anything of the key.
    convenience init(from source: TONSettings.KeySource, password: String) throws {
        var bytes: [UInt8]
        switch source {
        case .text(let text): bytes = Array(text.utf8)
        case .file(let path): bytes = try Self.contents(of: path)
        case .command(let words): bytes = try Self.output(of: words)
        }
        defer { for index in bytes.indices { bytes[index] = 0 } }
        guard bytes.count <= Self.textBytesMax else { throw KeySourceError.tooLong }
        try self.init(text: String(decoding: bytes, as: UTF8.self), password: password)
    }

    private static func contents(of path: String) throws -> [UInt8] {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard let attributes, let data = FileManager.default.contents(atPath: path) else {
            throw KeySourceError.unreadable(path)
        }
        // Whoever reads the key has the money.
        if let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue, mode & 0o077 != 0 {
            throw KeySourceError.readableByOthers(path)
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
        do { try process.run() } catch { throw KeySourceError.command(words[0], status: nil) }
        let deadline = DispatchWorkItem { process.terminate() }
        DispatchQueue.global().asyncAfter(deadline: .now() + commandTimeout, execute: deadline)
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        deadline.cancel()
        guard process.terminationStatus == 0 else {
            throw KeySourceError.command(words[0], status: process.terminationStatus)
        }
        return Array(data)
    }
}

/// Why the key can't be read. It holds nothing of the key.
enum KeySourceError: Error, CustomStringConvertible {
    case unreadable(String)
    case readableByOthers(String)
    case command(String, status: Int32?)
    case tooLong

    var description: String {
        switch self {
        case .unreadable(let path): "the key file \(path) can't be read"
        case .readableByOthers(let path):
            "the key file \(path) may be read by others; chmod 600 it"
        case .command(let name, let status):
            "the key command \(name) "
                + (status.map { "ended with \($0)" } ?? "could not be started")
        case .tooLong: "the key's text is too long"
        }
    }
}
