// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import TellerClient
import TellerProtocol
import Testing

private func params(_ pairs: KeyValuePairs<String, String>) -> JSONValue {
    .object(pairs.map { JSONValue.Member($0.key, .string($0.value)) })
}

@Suite struct IdempotencyTests {
    @Test func `a withdrawal gets a key and every retry carries the same`() async throws {
        let transport = FakeTransport { number, _ in
            number < 4
                ? .failure(TransportFailure(.interrupted, "lost")) : .success(.result("{}"))
        }
        let client = makeClient(transport, SleepingTime().environment(random: 7))
        _ = try await client.call(anyCreate, params(["accountId": "a"]))
        let keys = transport.requests.map(\.key)
        #expect(keys.count == 4)
        #expect(Set(keys).count == 1)
        #expect(keys[0] == "r2-0199abcd-ef01-7007-8000-000000000001")
        #expect(try transport.requests[0].json["params"]?["accountId"]?.string == "a")
    }

    @Test func `two calls get two keys`() async throws {
        let transport = FakeTransport()
        let client = makeClient(transport)
        for _ in 0..<100 { _ = try await client.call(anyCreate, .object([])) }
        #expect(Set(transport.requests.map(\.key)).count == 100)
    }

    @Test func `the caller's own key is never replaced`() async throws {
        let transport = FakeTransport()
        _ = try await makeClient(transport).call(
            anyCreate, params(["idempotencyKey": "mine"]),
            options: CallOptions(businessID: "order-1"))
        #expect(transport.requests[0].key == "mine")
    }

    @Test func `a key that cannot be one is refused before anything is sent`() async throws {
        let transport = FakeTransport()
        await #expect(throws: TellerError.self) {
            try await makeClient(transport).call(anyCreate, params(["idempotencyKey": ""]))
        }
        #expect(transport.requests.isEmpty)
    }

    @Test func `reading calls carry no key`() async throws {
        let transport = FakeTransport()
        _ = try await makeClient(transport).call(anyGet, .object([]))
        #expect(transport.requests[0].key == nil)
    }

    @Test func `a derived key is the same for ever`() async throws {
        let transport = FakeTransport()
        _ = try await makeClient(transport).call(
            anyCreate, .object([]), options: CallOptions(businessID: "order-123"))
        let key = IdempotencyKey(derivedFrom: "order-123")
        #expect(transport.requests[0].key == key.text)
        // Changing this value would give every customer's unfinished business a second key.
        #expect(
            key.text == "b1-32757be73f0830b079212f2960b0bc56cec3cc59d892aea0c57d89d3984cb98a")
        #expect(IdempotencyKey(derivedFrom: "order-124") != key)
        #expect(IdempotencyKey(derivedFrom: "order-123", namespace: "eu") != key)
        #expect(
            IdempotencyKey(derivedFrom: "b", namespace: "a")
                != IdempotencyKey(derivedFrom: "", namespace: "ab"))
    }
}

@Suite struct JournalUseTests {
    private static let key = JSONValue.object([
        JSONValue.Member("idempotencyKey", .string("k"))
    ])

    private func pendingAfter(_ outcomes: [FakeTransport.Outcome]) async -> Int {
        let journal = MemoryJournal()
        let transport = FakeTransport { number, _ in outcomes[min(number, outcomes.count) - 1] }
        let client = makeClient(transport, SleepingTime().environment()) {
            $0.keyJournal = journal
        }
        _ = try? await client.call(anyCreate, Self.key)
        return await journal.pending().count
    }

    @Test func `the key is in the journal before the first send`() async throws {
        let journal = MemoryJournal()
        let transport = FakeTransport { _, request in
            let pending = await journal.pending()
            #expect(pending.map(\.key.text) == [request.key])
            #expect(pending.first?.method == "withdraw.create")
            return .success(.result("{}"))
        }
        _ = try await makeClient(transport) { $0.keyJournal = journal }
            .call(anyCreate, .object([]))
        #expect(transport.requests.count == 1)
        #expect(await journal.pending().isEmpty)
    }

    @Test func `what cannot be written is not sent`() async throws {
        let journal = MemoryJournal(failure: JournalError(.io, "disk full"))
        let transport = FakeTransport()
        await #expect(throws: TellerError.journal(JournalError(.io, "disk full"))) {
            try await makeClient(transport) { $0.keyJournal = journal }
                .call(anyCreate, .object([]))
        }
        #expect(transport.requests.isEmpty)
    }

    @Test func `only an answer that settles the call ends its entry`() async {
        let lost = FakeTransport.Outcome.failure(TransportFailure(.interrupted, "lost"))
        #expect(await pendingAfter([.success(.result("{}"))]) == 0)
        #expect(
            await pendingAfter([
                .success(.error(.failedPrecondition, reason: "INSUFFICIENT_FUNDS"))
            ]) == 0)
        #expect(await pendingAfter([lost]) == 1)
        #expect(await pendingAfter([.failure(TransportFailure(.timedOut, "late"))]) == 1)
        #expect(
            await pendingAfter([
                .success(.error(.unavailable, reason: "OVERLOADED", retryable: true))
            ]) == 1)
        // The first send may have been carried out before the token was revoked.
        #expect(
            await pendingAfter([
                lost, .success(.error(.unauthenticated, reason: "UNAUTHENTICATED")),
            ]) == 1)
    }

    @Test func `pending calls are resumed with their keys and params`() async throws {
        let entry = JournalEntry(
            method: "withdraw.create", key: try #require(IdempotencyKey("k")),
            params: Self.key.jsonBytes)
        let journal = MemoryJournal([entry])
        let transport = FakeTransport { _, _ in .success(.result(#"{"replayed":true}"#)) }
        let client = makeClient(transport) { $0.keyJournal = journal }
        let resumed = await client.resumePending()
        #expect(resumed.map(\.entry) == [entry])
        #expect(try resumed[0].outcome.get()["replayed"]?.bool == true)
        #expect(try transport.requests[0].json["method"]?.string == "withdraw.create")
        #expect(transport.requests[0].key == "k")
        #expect(await journal.pending().isEmpty)
        #expect(await client.resumePending().isEmpty)
    }
}
