// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The `error` member of a JSON-RPC response (specification section 5.1), with the contract's
/// `data`.
extension RPCError: JSONEncodable, JSONDecodable {
    public func encode(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("code")
        writer.number(Int64(code))
        writer.key("message")
        writer.string(message)
        writer.key("data")
        encodeData(to: &writer)
        writer.endObject()
    }

    private func encodeData(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("status")
        writer.string(status.rawValue)
        writer.key("reason")
        writer.string(reason)
        writer.key("retryable")
        writer.bool(retryable)
        if let retryAfterMilliseconds {
            writer.key("retryAfterMs")
            writer.number(retryAfterMilliseconds)
        }
        if !fields.isEmpty {
            writer.key("fields")
            writer.beginArray()
            for field in fields {
                writer.beginObject()
                writer.key("path")
                writer.string(field.path)
                writer.key("problem")
                writer.string(field.problem)
                writer.endObject()
            }
            writer.endArray()
        }
        if !details.isEmpty {
            writer.key("details")
            writer.beginObject()
            for (name, value) in details.sorted(by: { $0.key < $1.key }) {
                writer.key(text: name)
                writer.string(value)
            }
            writer.endObject()
        }
        writer.key("requestId")
        writer.string(requestID)
        writer.endObject()
    }

    /// Reads an error as any JSON-RPC server may send it: without `data` its status is unknown,
    /// and it is not repeated. Unknown members are ignored.
    public init(from reader: inout JSONReader) throws(JSONError) {
        var error = RPCError(
            code: 0, message: "", status: .unknown, reason: "", retryable: false)
        var hasCode = false
        try reader.readObject { (reader, key) throws(JSONError) in
            if key == "code" {
                error.code = Int(try reader.readInt64())
                hasCode = true
            } else if key == "message" {
                error.message = try reader.readString()
            } else if key == "data", try reader.kind == .object {
                try error.readData(&reader)
            } else {
                try reader.skipValue()
            }
        }
        guard hasCode else {
            throw JSONError(.missingMember, "is missing", at: reader.offset, path: "code")
        }
        self = error
    }

    private mutating func readData(_ reader: inout JSONReader) throws(JSONError) {
        var error = self
        try reader.readObject { (reader, key) throws(JSONError) in
            if key == "status" {
                error.status = Status(rawValue: try reader.readString()) ?? .unknown
            } else if key == "reason" {
                error.reason = try reader.readString()
            } else if key == "retryable" {
                error.retryable = try reader.readBool()
            } else if key == "retryAfterMs" {
                error.retryAfterMilliseconds = try reader.readInt64()
            } else if key == "requestId" {
                error.requestID = try reader.readString()
            } else if key == "fields" {
                try reader.readArray { (reader) throws(JSONError) in
                    error.fields.append(try FieldProblem(from: &reader))
                }
            } else if key == "details" {
                try reader.readObject { (reader, key) throws(JSONError) in
                    error.details[key.text] = try reader.readString()
                }
            } else {
                try reader.skipValue()
            }
        }
        self = error
    }
}

extension RPCError.FieldProblem: JSONDecodable {
    public init(from reader: inout JSONReader) throws(JSONError) {
        var field = Self(path: "", problem: "")
        try reader.readObject { (reader, key) throws(JSONError) in
            if key == "path" {
                field.path = try reader.readString()
            } else if key == "problem" {
                field.problem = try reader.readString()
            } else {
                try reader.skipValue()
            }
        }
        self = field
    }
}
