// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// What in a new contract breaks callers of an old one.
struct BreakingChanges {
    private let old: Contract
    private let new: Contract
    private(set) var changes: [String] = []

    init(from old: Contract, to new: Contract) {
        self.old = old
        self.new = new
        for method in old.methods {
            guard let match = new.methods.first(where: { $0.name == method.name }) else {
                changes.append("\(method.name): removed")
                continue
            }
            compare(method, match)
        }
        for error in old.errors {
            guard let match = new.errors.first(where: { $0.reason == error.reason }) else {
                changes.append("error \(error.reason): removed")
                continue
            }
            if match.code != error.code { changes.append("error \(error.reason): other code") }
            if match.status != error.status {
                changes.append("error \(error.reason): other status")
            }
            if error.isRetryable, !match.isRetryable {
                changes.append("error \(error.reason): no longer retryable")
            }
        }
    }

    private mutating func compare(_ old: Contract.Method, _ new: Contract.Method) {
        if old.scope != new.scope { changes.append("\(old.name): other scope") }
        if old.repeatable == "always", new.repeatable != "always" {
            changes.append("\(old.name): no longer repeatable")
        }
        if old.event != new.event { changes.append("\(old.name): other events") }
        for param in old.params where !new.params.contains(where: { $0.name == param.name }) {
            changes.append("\(old.name).\(param.name): removed")
        }
        for param in new.params {
            let place = "\(old.name).\(param.name)"
            guard let match = old.params.first(where: { $0.name == param.name }) else {
                if param.isRequired { changes.append("\(place): new and required") }
                continue
            }
            if param.isRequired, !match.isRequired { changes.append("\(place): now required") }
            compare(match.schema, param.schema, at: place, isSent: true, visited: [])
        }
        compare(old.result, new.result, at: "\(old.name) result", isSent: false, visited: [])
        if let oldEvent = old.event, let newEvent = new.event {
            compare(
                .reference(oldEvent), .reference(newEvent), at: "\(old.name) event",
                isSent: false, visited: [])
        }
    }

    /// - Parameter isSent: whether callers send the value (it may widen) or receive it (it may
    ///   narrow).
    private mutating func compare(
        _ old: Contract.Schema, _ new: Contract.Schema, at place: String, isSent: Bool,
        visited: Set<String>
    ) {
        if case .reference(let name) = old, visited.contains(name) { return }
        var visited = visited
        if case .reference(let name) = old { visited.insert(name) }
        switch (Self.resolve(old, in: self.old), Self.resolve(new, in: self.new)) {
        case (.text(let before), .text(let after)):
            compareBounds(before, after, at: place, isSent: isSent)
        case (.integer(let before), .integer(let after)):
            compareBounds(before, after, at: place, isSent: isSent)
        case (.typed(_, let before, let lengthBefore), .typed(_, let after, let lengthAfter)):
            if before != after { changes.append("\(place): other pattern") }
            if let lengthBefore, let lengthAfter {
                compareBounds(lengthBefore, lengthAfter, at: place, isSent: isSent)
            }
        case (.choice(let before), .choice(let after)):
            for value in before where isSent && !after.contains(value) {
                changes.append("\(place): no longer takes \(value)")
            }
            for value in after where !isSent && !before.contains(value) {
                changes.append("\(place): may now be \(value)")
            }
        case (.array(let before), .array(let after)):
            compare(before, after, at: place + "[]", isSent: isSent, visited: visited)
        case (.object(let before), .object(let after)):
            compare(before, after, at: place, isSent: isSent, visited: visited)
        case (.boolean, .boolean), (.anyObject, .anyObject): break
        default: changes.append("\(place): other type")
        }
    }

    private mutating func compare(
        _ old: [Contract.Property], _ new: [Contract.Property], at place: String, isSent: Bool,
        visited: Set<String>
    ) {
        for property in old {
            let inner = "\(place).\(property.name)"
            guard let match = new.first(where: { $0.name == property.name }) else {
                changes.append("\(inner): removed")
                continue
            }
            if !isSent, property.isRequired, !match.isRequired {
                changes.append("\(inner): may now be absent")
            }
            if isSent, !property.isRequired, match.isRequired {
                changes.append("\(inner): now required")
            }
            compare(
                property.schema, match.schema, at: inner, isSent: isSent, visited: visited)
        }
        for property in new
        where isSent && property.isRequired && !old.contains(where: { $0.name == property.name }) {
            changes.append("\(place).\(property.name): new and required")
        }
    }

    private mutating func compareBounds(
        _ old: ClosedRange<Int>, _ new: ClosedRange<Int>, at place: String, isSent: Bool
    ) {
        let isWider = new.lowerBound <= old.lowerBound && new.upperBound >= old.upperBound
        let isNarrower = new.lowerBound >= old.lowerBound && new.upperBound <= old.upperBound
        if isSent, !isWider { changes.append("\(place): narrower limits") }
        if !isSent, !isNarrower { changes.append("\(place): wider limits") }
    }

    private static func resolve(
        _ schema: Contract.Schema, in contract: Contract
    ) -> Contract.Schema {
        guard case .reference(let name) = schema,
            let named = contract.schemas.first(where: { $0.name == name })
        else { return schema }
        return resolve(named.schema, in: contract)
    }
}
