// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// A path with named places: `/bot{token}/sendMessage`. The empty one leaves the base URL as it is.
///
/// A value fills its place percent-encoded, so none can leave its segment. A template is part of
/// the program: one that is malformed is a programmer's error and traps.
struct PathTemplate: Sendable, Equatable {
    /// The longest value of a place.
    static let valueBytesMax = 1_024

    private enum Part: Sendable, Equatable {
        case literal(String)
        case place(String)
    }

    private var parts: [Part] = []

    /// The names of the places.
    var places: [String] {
        parts.compactMap { if case .place(let name) = $0 { name } else { nil } }
    }

    init(_ text: String) {
        precondition(text.isEmpty || text.hasPrefix("/"), "a path begins with a slash")
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            guard let close = rest[open...].firstIndex(of: "}") else {
                preconditionFailure("a place of a path lacks its closing brace")
            }
            append(literal: rest[..<open])
            let name = String(rest[rest.index(after: open)..<close])
            precondition(!name.isEmpty && !places.contains(name), "a place has one name of its own")
            parts.append(.place(name))
            rest = rest[rest.index(after: close)...]
        }
        append(literal: rest)
    }

    private mutating func append(literal: Substring) {
        precondition(literal.utf8.allSatisfy(PercentEncoding.isPathByte), "no byte of a path")
        if !literal.isEmpty { parts.append(.literal(String(literal))) }
    }

    /// Whether a value can fill a place. A whole segment of dots would mean another path
    /// (RFC 3986 section 5.2.4), and an empty one a shorter.
    static func canFill(_ value: String) -> Bool {
        (1...valueBytesMax).contains(value.utf8.count) && value != "." && value != ".."
    }

    /// The path.
    ///
    /// - Returns: nil when a place has no value, or one that can't fill it.
    func filled(_ value: (String) -> String?) -> String? {
        var path = ""
        for part in parts {
            switch part {
            case .literal(let text): path += text
            case .place(let name):
                guard let value = value(name), Self.canFill(value) else { return nil }
                path += PercentEncoding.segment(value)
            }
        }
        return path
    }
}
