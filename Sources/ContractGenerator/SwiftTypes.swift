// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Writes the Swift types of the contract with their codecs: `Sources/Protocol/Generated`.
struct SwiftTypes {
    let contract: Contract

    /// `Types.swift`: the schemas.
    var types: String {
        var source = SourceText()
        source.line(SourceText.swiftHeader)
        for named in contract.schemas {
            switch named.schema {
            case .object(let properties):
                source.line()
                structure(
                    named.name, properties, named.description, isStrict: false, into: &source)
            case .choice(let values):
                source.line()
                enumeration(named.name, values, named.description, into: &source)
            default: break
            }
        }
        return source.text
    }

    /// `Calls.swift`: params and results of the methods, and their descriptors.
    var calls: String {
        var source = SourceText()
        source.line(SourceText.swiftHeader)
        for method in contract.methods where !method.isIntrinsic {
            source.line()
            structure(
                method.typeName + "Params", method.params, "The params of `\(method.name)`.",
                isStrict: true, into: &source)
            if method.params.contains(where: { $0.name == "idempotencyKey" }) {
                source.line()
                source.line("extension \(method.typeName)Params: IdempotencyKeyed {}")
            }
            if case .object(let properties) = method.result {
                source.line()
                structure(
                    method.typeName + "Result", properties, "The result of `\(method.name)`.",
                    isStrict: false, into: &source)
            }
        }
        source.line()
        descriptors(into: &source)
        return source.text
    }

    /// `ErrorReason.swift`.
    var errors: String {
        var source = SourceText()
        source.line(SourceText.swiftHeader)
        source.line()
        source.doc("Why a call was refused or failed: the contract's table of errors.")
        source.block("public enum ErrorReason: String, Sendable, CaseIterable") { source in
            for error in contract.errors {
                source.doc(error.message.capitalizedFirst + ".")
                source.line("case \(error.reason.camelCased.swiftName) = \"\(error.reason)\"")
            }
            source.line()
            source.doc("The JSON-RPC error code.")
            property("code", "Int", of: \.codeText, into: &source)
            source.line()
            source.doc("The class of the error.")
            property("status", "Status", of: \.statusText, into: &source)
            source.line()
            source.doc("Whether the same call may succeed later without a change.")
            property("isRetryable", "Bool", of: \.retryableText, into: &source)
            source.line()
            source.doc("The text when nothing more is known.")
            property("message", "String", of: \.messageText, into: &source)
        }
        return source.text
    }

    /// `ContractText.swift`: the document itself.
    var document: String {
        var source = SourceText()
        source.line(SourceText.swiftHeader)
        source.line()
        source.doc("The contract this program was built from.")
        source.block("public enum ContractDocument") { source in
            source.doc("Its version.")
            source.line("public static let version = \"\(contract.version)\"")
            source.line()
            source.doc("The scopes it names.")
            let scopes = contract.scopes.map { "\"\($0)\"" }.joined(separator: ", ")
            source.line("public static let scopes = [")
            source.line("    \(scopes)")
            source.line("]")
            source.line()
            source.doc("The OpenRPC document as JSON without white space.")
            let text = String(decoding: contract.minified, as: UTF8.self)
            source.verbatim("public static let json = ##\"\(text)\"##")
        }
        return source.text
    }

    // MARK: - Pieces

    private func property(
        _ name: String, _ type: String, of text: KeyPath<Contract.ErrorDefinition, String>,
        into source: inout SourceText
    ) {
        source.block("public var \(name): \(type)") { source in
            source.line("switch self {")
            for error in contract.errors {
                source.line(
                    "case .\(error.reason.camelCased.swiftName): \(error[keyPath: text])")
            }
            source.line("}")
        }
    }

    private func enumeration(
        _ name: String, _ values: [String], _ description: String, into source: inout SourceText
    ) {
        source.doc(description)
        source.block("public enum \(name): String, Sendable, CaseIterable, WireChoice") { source in
            for value in values {
                source.line("case \(value.camelCased.swiftName) = \"\(value)\"")
            }
        }
    }

    private func structure(
        _ name: String, _ properties: [Contract.Property], _ description: String, isStrict: Bool,
        into source: inout SourceText
    ) {
        source.doc(description)
        source.block("public struct \(name): Sendable, Equatable, JSONDecodable, JSONEncodable") {
            source in
            for property in properties {
                source.doc(describe(property))
                source.line("public var \(property.name.swiftName): \(type(of: property))")
            }
            if !properties.isEmpty { source.line() }
            let parameters = properties.map { property in
                "\(property.name): \(type(of: property))" + (property.isRequired ? "" : " = nil")
            }
            source.block("public init(\(parameters.joined(separator: ", ")))") { source in
                for property in properties {
                    source.line("self.\(property.name) = \(property.name)")
                }
            }
            source.line()
            decoder(properties, isStrict: isStrict, into: &source)
            source.line()
            source.block("public func encode(to writer: inout JSONWriter)") { source in
                source.line("writer.beginObject()")
                for property in properties { encode(property, into: &source) }
                source.line("writer.endObject()")
            }
        }
    }

    private func decoder(
        _ properties: [Contract.Property], isStrict: Bool, into source: inout SourceText
    ) {
        source.block("public init(from reader: inout JSONReader) throws(JSONError)") { source in
            if isStrict { source.line("reader.refusesUnknownMembers = true") }
            for property in properties {
                source.line("var \(property.name): \(swiftType(property.schema))?")
            }
            source.scope("try reader.readObject { (reader, key) throws(JSONError) in") { source in
                for (index, property) in properties.enumerated() {
                    let word = index == 0 ? "if" : "} else if"
                    source.line("\(word) key == \"\(property.name)\" {")
                    source.line("    \(property.name) = \(decode(property.schema))")
                }
                let rest =
                    isStrict
                    ? "throw reader.unknownMember(key)" : "try reader.skipUnknownMember(key)"
                if properties.isEmpty {
                    source.line(rest)
                } else {
                    source.line("} else {")
                    source.line("    \(rest)")
                    source.line("}")
                }
            }
            for property in properties where property.isRequired {
                source.block("guard let \(property.name) else") { source in
                    source.line("throw reader.missingMember(\"\(property.name)\")")
                }
            }
            for property in properties {
                source.line("self.\(property.name) = \(property.name)")
            }
        }
    }

    private func encode(_ property: Contract.Property, into source: inout SourceText) {
        let write = encode(property.schema, property.name)
        if property.isRequired {
            source.line("writer.key(\"\(property.name)\")")
            source.line(write)
        } else {
            source.block("if let \(property.name)") { source in
                source.line("writer.key(\"\(property.name)\")")
                source.line(write)
            }
        }
    }

    private func descriptors(into source: inout SourceText) {
        source.doc("The contract's methods, as callers name them.")
        source.block("public enum Methods") { source in
            for method in contract.methods where !method.isIntrinsic {
                source.doc("`\(method.name)`: \(method.summary.uncapitalizedFirst).")
                descriptor(of: method, into: &source)
            }
        }
    }

    private func descriptor(of method: Contract.Method, into source: inout SourceText) {
        let type = method.typeName
        let event = method.event.map { "\($0), " } ?? ""
        let kind = method.event == nil ? "MethodDescriptor" : "StreamDescriptor"
        source.line("public static let \(type.uncapitalizedFirst) = \(kind)<")
        source.line("    \(type)Params, \(event)\(type)Result")
        let repeatable =
            switch (method.event, method.repeatable) {
            case (.some, _): ""
            case (nil, "always"): ", repeatable: .always"
            default: ", repeatable: .withKey"
            }
        source.line(">(\"\(method.name)\", scope: \"\(method.scope)\"\(repeatable))")
    }

    // MARK: - Types

    private func describe(_ property: Contract.Property) -> String {
        guard property.description.isEmpty, case .reference(let name) = property.schema else {
            return property.description
        }
        return contract.schemas.first { $0.name == name }?.description ?? ""
    }

    func type(of property: Contract.Property) -> String {
        swiftType(property.schema) + (property.isRequired ? "" : "?")
    }

    func swiftType(_ schema: Contract.Schema) -> String {
        switch schema {
        case .reference(let name):
            guard let named = contract.schemas.first(where: { $0.name == name }) else {
                return name
            }
            switch named.schema {
            case .object, .choice: return name
            default: return swiftType(named.schema)
            }
        case .text: return "String"
        case .typed(let type, _, _): return type
        case .integer: return "Int"
        case .boolean: return "Bool"
        case .array(let element): return "[\(swiftType(element))]"
        case .anyObject: return "JSONValue"
        case .choice, .object: preconditionFailure("the contract names its enums and objects")
        }
    }

    private func resolve(_ schema: Contract.Schema) -> Contract.Schema {
        guard case .reference(let name) = schema,
            let named = contract.schemas.first(where: { $0.name == name })
        else { return schema }
        switch named.schema {
        case .object, .choice: return schema
        default: return resolve(named.schema)
        }
    }

    private func decode(_ schema: Contract.Schema) -> String {
        switch resolve(schema) {
        case .text(let length):
            "try reader.readText(\(length.lowerBound)...\(length.upperBound))"
        case .integer(let range):
            "try reader.readInteger(\(range.lowerBound)...\(range.upperBound))"
        case .boolean: "try reader.readBool()"
        case .array(let element):
            if case .text(let length) = resolve(element) {
                "try reader.readTexts(\(length.lowerBound)...\(length.upperBound))"
            } else {
                "try reader.readArray(of: \(swiftType(element)).self)"
            }
        case let other: "try \(swiftType(other))(from: &reader)"
        }
    }

    private func encode(_ schema: Contract.Schema, _ name: String) -> String {
        switch resolve(schema) {
        case .text: "writer.string(\(name))"
        case .integer: "writer.number(Int64(\(name)))"
        case .boolean: "writer.bool(\(name))"
        case .array(let element):
            if case .text = resolve(element) {
                "writer.texts(\(name))"
            } else {
                "writer.array(\(name))"
            }
        default: "\(name).encode(to: &writer)"
        }
    }
}

extension Contract.ErrorDefinition {
    fileprivate var codeText: String { String(code) }
    fileprivate var statusText: String { ".\(status)" }
    fileprivate var retryableText: String { String(isRetryable) }
    fileprivate var messageText: String { "\"\(message)\"" }
}
