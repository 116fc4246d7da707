// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// A value within an answer, and where it stands there.
///
/// Upstreams add fields as they please, so what is not asked for is ignored; what is asked for
/// must be there and of its type, or the refusal names the path.
package struct AnswerValue: Sendable {
    package let json: JSONValue
    private let path: String

    package init(_ json: JSONValue, path: String = "") {
        self.json = json
        self.path = path
    }

    /// The member called `key`.
    ///
    /// - Throws: when this is no object, or has no such member.
    package func member(_ key: String) throws(JSONError) -> AnswerValue {
        guard json.members != nil else { throw refused("is not an object") }
        let path = path.isEmpty ? key : "\(path).\(key)"
        guard let value = json[key] else {
            throw JSONError(.missingMember, "is missing", at: 0, path: path)
        }
        return AnswerValue(value, path: path)
    }

    /// The member called `key`; nil when there is none or it is null.
    ///
    /// - Throws: when this is no object.
    package func optionalMember(_ key: String) throws(JSONError) -> AnswerValue? {
        guard json.members != nil else { throw refused("is not an object") }
        guard let value = json[key], value != .null else { return nil }
        return try member(key)
    }

    package var elements: [AnswerValue] {
        get throws(JSONError) {
            guard let elements = json.elements else { throw refused("is not an array") }
            return elements.enumerated().map { AnswerValue($1, path: "\(path)[\($0)]") }
        }
    }

    package var string: String {
        get throws(JSONError) {
            guard let string = json.string else { throw refused("is not a string") }
            return string
        }
    }

    package var bool: Bool {
        get throws(JSONError) {
            guard let bool = json.bool else { throw refused("is not true or false") }
            return bool
        }
    }

    /// A whole number, written without fraction and exponent.
    package var int: Int {
        get throws(JSONError) {
            guard let int = json.int else { throw refused("is not a whole number") }
            return int
        }
    }

    /// A refusal of this value for a rule of the caller's: `must be positive`.
    package func refused(_ problem: String) -> JSONError {
        JSONError(.invalidValue, problem, at: 0, path: path)
    }
}
