// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Bounds on a JSON document.
public struct JSONLimits: Sendable {
    /// Bytes of the document.
    public var bytesMax = 16 << 20
    /// Arrays and objects inside one another.
    public var depthMax = 64

    public static let standard = JSONLimits()

    public init() {}
}

/// What a JSON document, or what it says, is refused for. `description` is safe to show.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        /// The bytes are no JSON (RFC 8259).
        case syntax
        /// A limit of `JSONLimits` is exceeded.
        case tooLarge
        /// An object has a key twice.
        case duplicateKey
        /// The value is JSON, but of another type or outside its bounds.
        case invalidValue
        /// A member that must be there is absent.
        case missingMember
        /// A member the type does not have.
        case unknownMember
    }

    /// Bytes of a key that an error still names in full; the contract's are shorter.
    private static let keyBytesMax = 64

    public let code: Code
    /// What is wrong, to follow a path or stand alone: `is not a string`.
    public let problem: String
    /// Where in the bytes, from 0.
    public let offset: Int
    /// Where in the document, `items[2].amount`; empty at its root.
    public private(set) var path: String

    public init(_ code: Code, _ problem: String, at offset: Int, path: String = "") {
        self.code = code
        self.problem = problem
        self.offset = offset
        self.path = path
    }

    public var description: String {
        switch code {
        case .syntax, .tooLarge: "\(problem) at byte \(offset)"
        default: path.isEmpty ? problem : "\(path) \(problem)"
        }
    }

    /// The error as seen from the object that has it under `key`.
    func inside(_ key: String) -> JSONError {
        let key = Self.shortened(key)
        var outer = self
        outer.path =
            path.isEmpty ? key : path.hasPrefix("[") ? key + path : "\(key).\(path)"
        return outer
    }

    /// Keys are the sender's; a long one is cut, so that no error is as long as the document.
    static func shortened(_ key: String) -> String {
        key.utf8.count <= keyBytesMax ? key : String(key.unicodeScalars.prefix(16)) + "…"
    }

    /// The error as seen from the array that has it at `index`.
    func inside(_ index: Int) -> JSONError {
        var outer = self
        let here = "[\(index)]"
        outer.path = path.isEmpty || path.hasPrefix("[") ? here + path : "\(here).\(path)"
        return outer
    }
}

/// What stands at a place of a document.
public enum JSONKind: Sendable, Equatable {
    case object, array, string, number, `true`, `false`, null
}

/// A type that can be written as JSON.
public protocol JSONEncodable {
    func encode(to writer: inout JSONWriter)
}

/// A type that can be read from JSON.
public protocol JSONDecodable {
    /// Reads exactly one value.
    init(from reader: inout JSONReader) throws(JSONError)
}

extension JSONEncodable {
    /// The value as a document of its own.
    public var jsonBytes: [UInt8] {
        var writer = JSONWriter()
        writer.reserve(256)
        encode(to: &writer)
        return writer.bytes
    }
}

extension JSONDecodable {
    /// Reads a document that holds this value and nothing else.
    public init(
        jsonBytes: [UInt8], limits: JSONLimits = .standard
    ) throws(JSONError) {
        var reader = JSONReader(jsonBytes, limits: limits)
        try self.init(from: &reader)
        try reader.finish()
    }
}
