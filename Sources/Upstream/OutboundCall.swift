// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHTTP1
internal import TellerProtocol

/// A call that can be sent, but for what the credentials add.
struct OutboundCall: Sendable {
    let endpoint: UpstreamEndpoint
    let responseBytesMax: Int
    private let ownBody: [UInt8]?
    private let secretMembers: [String]
    private let parameters: [String: String]
    private let query: String
    /// The configuration's and the call's.
    private let headers: [[String: String]]

    /// What can't be sent; safe to show.
    struct Refusal: Error {
        let problem: String
    }

    init(
        _ endpoint: UpstreamEndpoint, _ request: UpstreamRequest,
        _ configuration: UpstreamConfiguration
    ) throws(Refusal) {
        self.endpoint = endpoint
        responseBytesMax = endpoint.responseBytesMax ?? configuration.responseBytesMax
        ownBody = request.body
        secretMembers = request.secretMembers
        parameters = request.parameters
        headers = [configuration.headers, request.headers]
        query = request.query.map { name, value in
            "\(PercentEncoding.query(name))=\(PercentEncoding.query(value))"
        }.joined(separator: "&")
        let places = endpoint.path.places
        for (name, value) in request.parameters {
            guard places.contains(name) else {
                throw Refusal(problem: "the path has no place for a parameter")
            }
            guard PathTemplate.canFill(value) else {
                throw Refusal(problem: "the parameter \(name) can't stand in a path")
            }
        }
        let lacks = places.contains { request.parameters[$0] == nil }
        guard configuration.auth != nil || !lacks else {
            throw Refusal(problem: "the path lacks a parameter")
        }
        guard HeaderRules.allow(request.headers) else {
            throw Refusal(problem: "a header field can't be sent")
        }
        guard request.body == nil || endpoint.method.hasBody else {
            throw Refusal(problem: "a \(endpoint.method.rawValue) has no body")
        }
        let isObject =
            request.body?.first == UInt8(ascii: "{") && request.body?.last == UInt8(ascii: "}")
        guard request.secretMembers.isEmpty || isObject else {
            throw Refusal(problem: "only an object can take secret members")
        }
        let bytesMax = endpoint.requestBytesMax ?? configuration.requestBytesMax
        guard (request.body?.count ?? 0) <= bytesMax else {
            throw Refusal(problem: "the body is larger than \(bytesMax) bytes")
        }
    }

    /// The path, with the credentials' secrets in it and without the query; nil when they lack one.
    func path(_ credentials: UpstreamCredentials) -> String? {
        endpoint.path.filled { parameters[$0] ?? credentials.pathSecrets[$0] }
    }

    /// The body, with the credentials' secrets in it, empty for none; nil when they lack one.
    func body(_ credentials: UpstreamCredentials) -> [UInt8]? {
        guard let ownBody, !secretMembers.isEmpty else { return ownBody ?? [] }
        var members: [JSONValue.Member] = []
        for name in secretMembers {
            guard let value = credentials.bodySecrets[name] else { return nil }
            members.append(.init(name, .string(value)))
        }
        let secrets = JSONValue.object(members).jsonBytes.dropLast()
        let isAlone = ownBody == Array("{}".utf8)
        return secrets + (isAlone ? [] : [UInt8(ascii: ",")]) + ownBody.dropFirst()
    }

    /// A path with the query behind it.
    func target(_ path: String) -> String { query.isEmpty ? path : "\(path)?\(query)" }

    /// All header fields; of two of one name the later one stands: configuration, call,
    /// credentials, trace, and what is the upstream's own business.
    func headers(
        _ credentials: UpstreamCredentials, trace: [String: String], userAgent: String
    ) -> HTTPHeaders {
        var fields = HTTPHeaders()
        fields.add(name: "accept", value: "application/json")
        let trace = trace.filter { HeaderRules.allows($0.key, $0.value) }
        for group in headers + [credentials.headers, trace] {
            for (name, value) in group { fields.replaceOrAdd(name: name, value: value) }
        }
        fields.replaceOrAdd(name: "user-agent", value: userAgent)
        if ownBody != nil { fields.replaceOrAdd(name: "content-type", value: "application/json") }
        return fields
    }
}
