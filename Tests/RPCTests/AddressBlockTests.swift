// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPMessages
import TestSupport
import Testing

@testable import RPC

/// Which addresses share one account of failed attempts.
@Suite struct AddressBlockTests {
    @Test(
        arguments: [
            ("2001:db8:1:2::1", 0x2001_0DB8_0001_0002),
            ("2001:DB8:1:2:ffff::", 0x2001_0DB8_0001_0002),
            ("2001:db8:1:3::1", 0x2001_0DB8_0001_0003), ("::", 0), ("::1", 0),
            ("fe80::1%eth0", 0xFE80_0000_0000_0000), ("1:2:3:4:5:6:7:8", 0x0001_0002_0003_0004),
            ("1:2:3:4:5:6:192.0.2.1", 0x0001_0002_0003_0004), ("1::8", 0x0001_0000_0000_0000),
            ("::ffff:0:192.0.2.1", 0), ("1:2:3:4:5:6:7::", 0x0001_0002_0003_0004),
            ("64:ff9b::192.0.2.1", 0x0064_FF9B_0000_0000),
        ] as [(String, UInt64)])
    func `an IPv6 address counts as its /64`(address: String, prefix: UInt64) {
        #expect(AddressBlock(address) == .ipv6(prefix))
    }

    @Test(arguments: [
        "192.0.2.1", "::ffff:192.0.2.1", "::FFFF:c000:201", "0:0:0:0:0:ffff:192.0.2.1",
        "::ffff:192.0.2.1%eth0",
    ])
    func `an IPv4 address is the same in both families`(address: String) {
        #expect(AddressBlock(address) == .ipv4(0xC000_0201))
    }

    @Test(arguments: [
        "", "unix", "192.0.2", "192.0.2.256", "192.0.2.1.1", "192.0.2.-1", "192.0.2.+1", ":", ":::",
        "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "1:2:3:4::5:6:7:8", "12345::", "g::",
        "+1::", "192.0.2.1::", "::192.0.2.1:1", "::1:", ":1::", "%eth0",
    ])
    func `anything else counts as its text`(address: String) {
        #expect(AddressBlock(address) == .other(address))
    }

    @Test func `text written by the system is read as the system reads it`() {
        let seed = UInt64.random(in: 0 ... .max)
        print("addresses: seed \(seed)")
        var random = SeededRandom(seed: seed)
        for _ in 0..<2000 {
            // Many zeros, so that all short forms occur.
            let bytes = (0..<16).map { _ in Bool.random(using: &random) ? UInt8(0) : 0xA5 }
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            _ = inet_ntop(AF_INET6, bytes, &text, socklen_t(text.count))
            let address = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
            let prefix = bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            #expect(AddressBlock(address) == .ipv6(prefix), "\(address)")
        }
    }

    @Test(arguments: [
        ("2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1"),
        ("192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.2"),
    ])
    func `neighbours wait together and others do not`(
        failing: String, neighbour: String, other: String
    ) async {
        let fixture = Fixture(access: AccessPolicy(tokens: MemoryTokens()))
        func status(from address: String) async -> Int {
            let request = HTTPRequest(
                method: .post, path: "/rpc",
                headers: HTTPHeaders([
                    "content-type": "application/json",
                    "authorization": "Bearer tlr_" + String(repeating: "x", count: 43),
                ]), body: Array(Fixture.call("test.who").utf8),
                connection: Fixture.connection(address: address))
            return await fixture.send(request).status
        }
        for _ in 0..<10 { #expect(await status(from: failing) == 401) }
        #expect(await status(from: failing) == 429)
        #expect(await status(from: neighbour) == 429)
        #expect(await status(from: other) == 401)
    }
}
