// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPMessages
import TellerClient
import TellerProtocol

// Makes withdrawals through a client with a key journal until it is killed. What the client sends
// is appended to a file, which outlives the process as a server's ledger would.
//
//     JournalCrasher FOLDER
//
// Each of a few workers numbers its business: `2-17` is the 17th of worker 2. The client picks
// random keys, so that only the journal can keep a business from getting a second one.

/// Appends `business key` lines; one write each, so that a kill tears none.
struct RecordingTransport: ClientTransport {
    let descriptor: Int32

    func send(_ request: ClientRequest) async throws(TransportFailure) -> HTTPResponse {
        guard let params = (try? JSONValue.parse(request.body))?["params"],
            let business = params["comment"]?.string, let key = params["idempotencyKey"]?.string
        else { throw TransportFailure(.interrupted, "no business or no key") }
        let line = Array("\(business) \(key)\n".utf8)
        guard write(descriptor, line, line.count) == line.count else {
            throw TransportFailure(.interrupted, "the line was not written")
        }
        return HTTPResponse(
            status: 200, body: Array(#"{"jsonrpc":"2.0","id":1,"result":{}}"#.utf8))
    }

    func open(_ request: ClientRequest) async throws(TransportFailure) -> any ClientStream {
        throw TransportFailure(.unreachable, "no streams here")
    }

    func shutDown(grace: Duration) async {}
}

let folder = CommandLine.arguments[1]
let sentPath = folder + "/sent"
var limits = FileKeyJournal.Limits()
// Small, so that kills hit rewrites of the file too.
limits.compactionBytesMin = 4096
var configuration = ClientConfiguration(endpoint: "http://127.0.0.1:1")
configuration.keyJournal = try FileKeyJournal(path: folder + "/journal", limits: limits)
let descriptor = open(sentPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
let client = TellerClient(
    configuration: configuration, transport: RecordingTransport(descriptor: descriptor))
let create = MethodDescriptor<JSONValue, JSONValue>(
    "withdraw.create", scope: "withdraw:write", repeatable: .withKey)

for call in await client.resumePending() { _ = try call.outcome.get() }

var last: [Int: Int] = [:]
for line in try String(contentsOfFile: sentPath, encoding: .utf8).split(separator: "\n") {
    let numbers = line.prefix { $0 != " " }.split(separator: "-").compactMap { Int($0) }
    last[numbers[0]] = max(last[numbers[0]] ?? 0, numbers[1])
}
FileHandle.standardOutput.write(Data("ready\n".utf8))

try await withThrowingTaskGroup(of: Void.self) { group in
    for worker in 0..<4 {
        let done = last[worker] ?? 0
        group.addTask {
            for number in (done + 1)... {
                let params = JSONValue.object([
                    JSONValue.Member("comment", .string("\(worker)-\(number)"))
                ])
                _ = try await client.call(create, params)
            }
        }
    }
    try await group.waitForAll()
}
