// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Writes what the RPC layer needs: `Sources/RPC/Generated/Services.swift`.
struct SwiftServices {
    let contract: Contract

    var source: String {
        var source = SourceText()
        source.line(SourceText.swiftHeader)
        source.line()
        source.line("package import TellerProtocol")
        for group in contract.groups {
            source.line()
            service(group, into: &source)
        }
        source.line()
        table(into: &source)
        return source.text
    }

    private func methods(_ group: String) -> [Contract.Method] {
        contract.methods.filter { $0.group == group }
    }

    private func service(_ group: String, into source: inout SourceText) {
        source.doc("What answers `\(group).*`.")
        source.block("package protocol \(Self.serviceName(group)): Sendable") { source in
            for (index, method) in methods(group).enumerated() {
                if index > 0 { source.line() }
                source.doc(method.description)
                if method.isConstant {
                    source.line("var \(method.verb): \(method.typeName)Result { get }")
                    continue
                }
                let stream = method.event.map { ", _ stream: RPCStream<\($0)>" } ?? ""
                source.line(
                    "func \(method.verb)(_ params: \(method.typeName)Params, "
                        + "_ context: RPCContext\(stream)) "
                        + "async throws(RPCError) -> \(method.typeName)Result")
            }
        }
    }

    private func table(into source: inout SourceText) {
        source.doc("The services behind the contract; each must be there.")
        source.block("package struct TellerServices: Sendable") { source in
            let fields = contract.groups.map { "\($0): any \(Self.serviceName($0))" }
            for field in fields { source.line("package let \(field)") }
            source.line()
            source.block("package init(\(fields.joined(separator: ", ")))") { source in
                for group in contract.groups { source.line("self.\(group) = \(group)") }
            }
            source.line()
            source.doc("The dispatch table.")
            source.block("package var methods: [RPCMethod]") { source in
                for group in contract.groups { source.line("let \(group) = self.\(group)") }
                source.list("return [", "]") { source in
                    for method in contract.methods { entry(method, into: &source) }
                }
            }
        }
    }

    private func entry(_ method: Contract.Method, into source: inout SourceText) {
        let head = "(\"\(method.name)\", scope: \"\(method.scope)\""
        guard !method.isIntrinsic else {
            source.line(".constant\(head), result: Array(ContractDocument.json.utf8)),")
            return
        }
        guard !method.isConstant else {
            source.line(".constant\(head), result: \(method.group).\(method.verb).jsonBytes),")
            return
        }
        let stream = method.event.map { ", stream: RPCStream<\($0)>" } ?? ""
        let argument = method.event == nil ? "" : ", stream"
        source.list("\(method.event == nil ? ".unary" : ".streaming")\(head)) {", "},") { source in
            source.line("(params: \(method.typeName)Params, context: RPCContext\(stream))")
            source.line("async throws(RPCError) -> \(method.typeName)Result in")
            source.line("try await \(method.group).\(method.verb)(params, context\(argument))")
        }
    }

    /// `service.*` is answered by `ServiceService` only in name; it reads better as information.
    private static func serviceName(_ group: String) -> String {
        group == "service" ? "InformationService" : group.capitalizedFirst + "Service"
    }
}

/// Writes the client's methods: `Sources/Client/Generated/Methods.swift`.
struct SwiftClient {
    let contract: Contract

    var source: String {
        var source = SourceText()
        source.line(SourceText.swiftHeader)
        source.line()
        source.line("public import TellerProtocol")
        source.line()
        source.block("extension TellerClient") { source in
            for group in contract.groups {
                source.doc("The methods `\(group).*`.")
                let type = group.capitalizedFirst + "Methods"
                source.line("public var \(group): \(type) { \(type)(client: self) }")
            }
        }
        for group in contract.groups {
            source.line()
            source.doc("`\(group).*`, typed.")
            source.block("public struct \(group.capitalizedFirst)Methods: Sendable") { source in
                source.line("let client: TellerClient")
                for method in contract.methods where method.group == group {
                    source.line()
                    call(method, into: &source)
                }
            }
        }
        return source.text
    }

    private func call(_ method: Contract.Method, into source: inout SourceText) {
        let types = SwiftTypes(contract: contract)
        // Required params first, as Swift's callers expect; the rest have defaults.
        let params = method.params.filter(\.isRequired) + method.params.filter { !$0.isRequired }
        let list = params.map { param in
            "\(param.name): \(types.type(of: param))" + (param.isRequired ? "" : " = nil")
        }
        let arguments = method.params.map { "\($0.name): \($0.name)" }.joined(separator: ", ")
        let descriptor = "Methods.\(method.typeName.uncapitalizedFirst)"
        let signature = (list + ["options: CallOptions = CallOptions()"]).joined(separator: ", ")

        source.doc(method.description)
        if method.event != nil {
            source.block(
                "public func \(method.verb)(\(signature)) -> "
                    + "EventStream<\(method.event ?? ""), \(method.typeName)Result>"
            ) { source in
                source.line(
                    "client.stream(\(descriptor), "
                        + "\(method.typeName)Params(\(arguments)), options: options)")
            }
        } else {
            source.block(
                "public func \(method.verb)(\(signature)) "
                    + "async throws(TellerError) -> \(method.typeName)Result"
            ) { source in
                source.line(
                    "try await client.call(\(descriptor), "
                        + "\(method.typeName)Params(\(arguments)), options: options)")
            }
        }
    }
}
