// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TellerProtocol

@testable import RPC

/// Params and result in one: an optional text and an optional number.
struct Note: JSONDecodable, JSONEncodable, Sendable, IdempotencyKeyed {
    var text: String?
    var count: Int64?
    var idempotencyKey: IdempotencyKey?

    init(text: String? = nil, count: Int64? = nil) {
        self.text = text
        self.count = count
    }

    init(from reader: inout JSONReader) throws(JSONError) {
        var note = Note()
        try reader.readObject { (reader, key) throws(JSONError) in
            if key == "text" {
                note.text = try reader.readString()
            } else if key == "count" {
                note.count = try reader.readInt64()
            } else if key == "idempotencyKey" {
                note.idempotencyKey = IdempotencyKey(try reader.readString())
            } else {
                // Reading the wrong kind is how this test type refuses an unknown field.
                try reader.readObject { (_, _) throws(JSONError) in }
            }
        }
        self = note
    }

    func encode(to writer: inout JSONWriter) {
        writer.beginObject()
        if let text {
            writer.key("text")
            writer.string(text)
        }
        if let count {
            writer.key("count")
            writer.number(count)
        }
        writer.endObject()
    }
}

/// Closed until a test opens it; counts who came.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var arrived = 0
        var watchers: [(Int, CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    func pass() async {
        await withCheckedContinuation { continuation in
            let resumed = state.withLock { state in
                state.arrived += 1
                var resumed = state.watchers.filter { $0.0 <= state.arrived }.map(\.1)
                state.watchers.removeAll { $0.0 <= state.arrived }
                if state.isOpen {
                    resumed.append(continuation)
                } else {
                    state.waiting.append(continuation)
                }
                return resumed
            }
            for continuation in resumed { continuation.resume() }
        }
    }

    func open() {
        let resumed = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in resumed { continuation.resume() }
    }

    /// Waits until `count` calls have come.
    func arrivals(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.arrived >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    var arrivedCount: Int { state.withLock { $0.arrived } }
}

/// The methods the tests call.
struct TestMethods {
    let gate = Gate()
    let executed = Atomics()

    final class Atomics: Sendable {
        let count = Atomic<Int>(0)
        let endedStreams = Atomic<Int>(0)
    }

    /// Waits for cancellation, as a service waits for its store.
    static func untilCancelled() async throws(RPCError) -> Never {
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
        throw RPCError(reason: .cancelled)
    }

    var all: [RPCMethod] { unary + streaming }

    private var unary: [RPCMethod] {
        let gate = gate
        let executed = executed
        return [
            .unary("test.echo", scope: "test:read") {
                (note: Note, _) async throws(RPCError) -> Note in
                executed.count.add(1, ordering: .relaxed)
                return note
            },
            .unary("test.key", scope: "test:write") {
                (note: Note, context) async throws(RPCError) -> Note in
                Note(text: context.idempotencyKey?.text ?? "none")
            },
            .unary("test.who", scope: "test:read") {
                (_: Note, context) async throws(RPCError) -> Note in
                Note(text: "\(context.principal.name) \(context.trace?.traceparent ?? "-")")
            },
            .unary("test.wait", scope: "test:read") { (_: Note, _) async throws(RPCError) -> Note in
                _ = await gate.pass()
                return Note(text: "waited")
            },
            .unary("test.hang", scope: "test:read") { (_: Note, _) async throws(RPCError) -> Note in
                try await Self.untilCancelled()
            },
            .unary("test.fail", scope: "test:read") { (_: Note, _) async throws(RPCError) -> Note in
                throw RPCError(
                    code: -32603, message: "internal error", status: .internalError,
                    reason: "INTERNAL", retryable: false)
            },
            .unary("test.large", scope: "test:read") {
                (note: Note, _) async throws(RPCError) -> Note in
                Note(text: String(repeating: "x", count: Int(note.count ?? 0)))
            },
            .constant("rpc.discover", scope: "test:read", result: Array(#"{"openrpc":"1"}"#.utf8)),
        ]
    }

    private var streaming: [RPCMethod] {
        let executed = executed
        return [
            .streaming("test.count", scope: "test:read") {
                (note: Note, _, stream: RPCStream<Note>) async throws(RPCError) -> Note in
                defer { executed.endedStreams.add(1, ordering: .relaxed) }
                for count in 0..<max(0, note.count ?? 0) {
                    try await stream.send(Note(count: count))
                    executed.count.add(1, ordering: .relaxed)
                }
                return Note(text: "done")
            },
            .streaming("test.watch", scope: "test:read") {
                (_: Note, _, stream: RPCStream<Note>) async throws(RPCError) -> Note in
                defer { executed.endedStreams.add(1, ordering: .relaxed) }
                try await stream.send(Note(text: "now"))
                try await TestMethods.untilCancelled()
            },
        ]
    }
}
