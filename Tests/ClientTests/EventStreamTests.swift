// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import Synchronization
import TellerClient
import TellerProtocol
import Testing

private func event(_ cursor: Int) -> String {
    #"{"jsonrpc":"2.0","method":"withdraw.watch","params":{"cursor":"c\#(cursor)"}}"# + "\n"
}

private let response = #"{"jsonrpc":"2.0","id":1,"result":{"done":true}}"# + "\n"

private func collect(_ stream: EventStream<JSONValue, JSONValue>) async throws -> [String] {
    var cursors: [String] = []
    for try await event in stream { cursors.append(event["cursor"]?.string ?? "") }
    return cursors
}

@Suite struct EventStreamTests {
    @Test func `events come in order and the result at the end`() async throws {
        let transport = FakeTransport(streams: { _, _ in
            FakeStream([event(1) + event(2), event(3), response])
        })
        let stream = makeClient(transport).stream(anyWatch, .object([]))
        #expect(stream.result == nil)
        #expect(try await collect(stream) == ["c1", "c2", "c3"])
        #expect(stream.result?["done"]?.bool == true)
    }

    @Test func `lines may be split anywhere and the last feed may be missing`() async throws {
        let text = event(1) + "\n" + event(2) + response.dropLast()
        for split in 1..<text.utf8.count {
            let bytes = Array(text.utf8)
            let parts = [bytes[..<split], bytes[split...]].map {
                String(decoding: $0, as: UTF8.self)
            }
            let transport = FakeTransport(streams: { _, _ in FakeStream(parts) })
            let stream = makeClient(transport).stream(anyWatch, .object([]))
            #expect(try await collect(stream) == ["c1", "c2"])
        }
    }

    @Test func `after a break it goes on from the last cursor`() async throws {
        let lost = TransportFailure(.interrupted, "lost")
        let transport = FakeTransport(streams: { number, _ in
            switch number {
            case 1: FakeStream([event(1), event(2), #"{"jsonrpc":"2.0","meth"#], failure: lost)
            case 2: FakeStream([], failure: lost)
            case 3: FakeStream([event(3)])
            default: FakeStream([response])
            }
        })
        let client = makeClient(transport, SleepingTime().environment())
        let stream = client.stream(
            anyWatch, .object([JSONValue.Member("withdrawalId", .string("w"))]))
        #expect(try await collect(stream) == ["c1", "c2", "c3"])
        let cursors = try transport.requests.map { try $0.json["params"]?["cursor"]?.string }
        #expect(cursors == [nil, "c2", "c2", "c3"])
        #expect(
            try transport.requests.allSatisfy {
                try $0.json["params"]?["withdrawalId"]?.string == "w"
            })
    }

    @Test func `a refusal before the first event is the call's error`() async throws {
        let refusal = HTTPResponse.error(.notFound, reason: "WITHDRAWAL_NOT_FOUND")
        for status in [200, 404] {
            let body = String(decoding: refusal.body, as: UTF8.self)
            let transport = FakeTransport(streams: { _, _ in FakeStream([body], status: status) })
            let stream = makeClient(transport).stream(anyWatch, .object([]))
            let error = await #expect(throws: TellerError.self) { try await collect(stream) }
            guard case .rpc(let cause) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(cause.reason == "WITHDRAWAL_NOT_FOUND")
            #expect(transport.requests.count == 1)
        }
    }

    @Test func `a server that drains is asked again`() async throws {
        let drained = HTTPResponse.error(.unavailable, reason: "SHUTTING_DOWN", retryable: true)
        let line = String(decoding: drained.body, as: UTF8.self) + "\n"
        let transport = FakeTransport(streams: { number, _ in
            number == 1 ? FakeStream([event(1), line]) : FakeStream([event(2), response])
        })
        let client = makeClient(transport, SleepingTime().environment())
        #expect(try await collect(client.stream(anyWatch, .object([]))) == ["c1", "c2"])
    }

    @Test func `failures in a row are bounded`() async throws {
        let lost = TransportFailure(.interrupted, "lost")
        let transport = FakeTransport(streams: { _, _ in FakeStream([], failure: lost) })
        let client = makeClient(transport, SleepingTime().environment())
        await #expect(throws: TellerError.self) {
            try await collect(client.stream(anyWatch, .object([])))
        }
        #expect(transport.requests.count == 5)
    }

    @Test func `leaving the loop resets the stream`() async throws {
        let fake = FakeStream([event(1), event(2), event(3)])
        let transport = FakeTransport(streams: { _, _ in fake })
        for try await _ in makeClient(transport).stream(anyWatch, .object([])) { break }
        #expect(fake.isCancelled)
    }

    @Test func `an endless line is refused`() async throws {
        let transport = FakeTransport(streams: { _, _ in
            FakeStream(Array(repeating: String(repeating: "x", count: 1000), count: 100))
        })
        let client = makeClient(transport) { $0.connection.answerBytesMax = 10_000 }
        let error = await #expect(throws: TellerError.self) {
            try await collect(client.stream(anyWatch, .object([])))
        }
        guard case .transport(let failure) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(failure.kind == .answerTooLarge)
    }
}
