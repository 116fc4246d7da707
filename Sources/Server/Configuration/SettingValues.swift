// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Yams

/// The configured values by key, each with the place it came from.
struct SettingValues: Sendable {
    struct Value: Sendable {
        let text: String
        /// For messages: `--set`, `TELLER_LISTEN`, `teller.yaml`.
        let source: String
    }

    private(set) var values: [String: Value] = [:]

    /// Joins the sources; an earlier one wins.
    ///
    /// - Parameters:
    ///   - flags: keys with their texts, from the command line.
    ///   - environment: the process's environment; its `TELLER_…` names are checked.
    ///   - file: the configuration file's name and text; nil for none.
    init(
        flags: [(key: String, text: String)], environment: [String: String],
        file: (name: String, text: String)?
    ) throws(ConfigurationError) {
        if let file {
            for (key, text) in try Self.flatten(file) {
                guard Setting.byKey[key] != nil else {
                    throw ConfigurationError.unknownKey(key, source: file.name)
                }
                values[key] = Value(text: text, source: file.name)
            }
        }
        for (name, text) in environment
        where name.hasPrefix("TELLER_") && !Self.otherNames.contains(name) {
            guard let setting = Setting.byEnvironmentName[name] else {
                throw ConfigurationError.unknownKey(name, source: "the environment")
            }
            values[setting.key] = Value(text: text, source: name)
        }
        for (key, text) in flags {
            guard Setting.byKey[key] != nil else {
                throw ConfigurationError.unknownKey(key, source: "the command line")
            }
            values[key] = Value(text: text, source: "the command line")
        }
    }

    /// Names of the environment that are no settings: the file's, and the client commands' own.
    static let otherNames: Set<String> = [
        "TELLER_CONFIG", "TELLER_URL", "TELLER_TOKEN", "TELLER_CA",
    ]

    /// The file's leaves as dotted keys. JSON is YAML, so one parser reads both.
    private static func flatten(
        _ file: (name: String, text: String)
    ) throws(ConfigurationError) -> [(key: String, text: String)] {
        let root: Node?
        do {
            root = try Yams.compose(yaml: file.text)
        } catch {
            throw ConfigurationError.unreadableFile(file.name, problem: "\(error)")
        }
        guard let root else { return [] }
        var leaves: [(key: String, text: String)] = []
        try flatten(root, key: "", file: file.name, into: &leaves)
        return leaves
    }

    private static func flatten(
        _ node: Node, key: String, file: String, into leaves: inout [(key: String, text: String)]
    ) throws(ConfigurationError) {
        switch node {
        case .mapping(let mapping):
            for (name, child) in mapping {
                guard let name = name.string else {
                    throw ConfigurationError.unreadableFile(file, problem: "a key is no text")
                }
                try flatten(
                    child, key: key.isEmpty ? name : "\(key).\(name)", file: file, into: &leaves)
            }
        case .scalar(let scalar):
            leaves.append((key, scalar.string))
        case .sequence(let items):
            let texts = items.compactMap(\.scalar?.string)
            guard texts.count == items.count else {
                throw ConfigurationError.unreadableFile(
                    file, problem: "\(key) may list plain values only")
            }
            leaves.append((key, texts.joined(separator: ",")))
        case .alias:
            throw ConfigurationError.unreadableFile(file, problem: "\(key) is an alias")
        }
    }
}

// MARK: - Typed reading

extension SettingValues {
    /// The value of `key` or its default; nil when it has neither.
    func text(_ key: String) -> String? {
        precondition(Setting.byKey[key] != nil, "\(key) is not declared")
        return values[key]?.text ?? Setting.byKey[key]?.standard
    }

    func bool(_ key: String) throws(ConfigurationError) -> Bool {
        switch text(key) {
        case "true": true
        case "false": false
        default: throw invalid(key)
        }
    }

    func count(_ key: String, in range: ClosedRange<Int>) throws(ConfigurationError) -> Int {
        guard let count = text(key).flatMap({ Int($0) }), range.contains(count) else {
            throw invalid(
                key, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return count
    }

    /// Reads `250ms`, `30s`, `5m`, `1h`, `30d`.
    func duration(_ key: String) throws(ConfigurationError) -> Duration {
        guard let milliseconds = text(key).flatMap(Self.milliseconds) else { throw invalid(key) }
        return .milliseconds(milliseconds)
    }

    func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String, as type: Choice.Type = Choice.self
    ) throws(ConfigurationError) -> Choice where Choice.RawValue == String {
        guard let choice = text(key).flatMap(Choice.init(rawValue:)) else { throw invalid(key) }
        return choice
    }

    /// The refusal of what stands at `key`; a secret value is not repeated.
    func invalid(_ key: String, expected: String? = nil) -> ConfigurationError {
        let setting = Setting.byKey[key]
        let value = values[key]
        return .invalidValue(
            key: key, text: setting?.isSecret == true ? nil : value?.text,
            source: value?.source ?? "the defaults", expected: expected ?? setting?.form ?? "")
    }

    private static func milliseconds(_ text: String) -> Int64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let factor: Int64
        switch text.dropFirst(digits.count) {
        case "ms": factor = 1
        case "s": factor = 1000
        case "m": factor = 60_000
        case "h": factor = 3_600_000
        case "d": factor = 86_400_000
        default: return nil
        }
        guard let number = Int64(digits) else { return nil }
        let (product, overflowed) = number.multipliedReportingOverflow(by: factor)
        // A hundred years; beyond it a duration is a slip of the pen.
        return overflowed || product > 3_155_760_000_000 ? nil : product
    }
}

/// What is wrong with the configuration. The text is meant for the operator.
enum ConfigurationError: Error, CustomStringConvertible {
    case unknownKey(String, source: String)
    case invalidValue(key: String, text: String?, source: String, expected: String)
    case unreadableFile(String, problem: String)
    case contradiction(String)

    var description: String {
        switch self {
        case .unknownKey(let key, let source):
            "\(key) in \(source) is no configuration key; `teller config` lists them"
        case .invalidValue(let key, let text, let source, let expected):
            "\(key)\(text.map { " = \($0)" } ?? "") from \(source) is not valid: "
                + "\(expected) is expected"
        case .unreadableFile(let name, let problem):
            "the configuration file \(name) can't be read: \(problem)"
        case .contradiction(let problem):
            problem
        }
    }
}
