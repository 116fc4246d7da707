// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Upstream

/// What is written into a request's target, and what is let out of a redirect's and an error's.
@Suite struct WrittenTargetTests {
    /// Text of bytes that mean something in a URL, and others.
    private func text(_ random: inout SeededRandom) -> String {
        let alphabet = Array("ab/?#%:@.\\ \r\n&=+é💶[]")
        return String(
            (0..<Int.random(in: 0...12, using: &random)).map { _ in
                alphabet.randomElement(using: &random) ?? "a"
            })
    }

    private func decoded(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    @Test func `a value stays within its segment, and comes out as it went in`() throws {
        var random = SeededRandom(seed: UInt64.random(in: 0...UInt64.max))
        let template = PathTemplate("/a/x{one}/{two}")
        for _ in 0..<2_000 {
            let (one, two) = (text(&random), text(&random))
            let path = template.filled { $0 == "one" ? one : two }
            guard PathTemplate.canFill(one), PathTemplate.canFill(two) else {
                #expect(path == nil)
                continue
            }
            let segments = try #require(path).split(
                separator: "/", omittingEmptySubsequences: false)
            #expect(
                segments.count == 4 && decoded(String(segments[2])) == "x\(one)"
                    && decoded(String(segments[3])) == two, "seed \(random.seed)")
            #expect(path?.utf8.allSatisfy(PercentEncoding.isPathByte) == true)
        }
    }

    @Test(
        arguments: [
            ("https://example.com", true), ("http://localhost:80", true),
            ("http://127.0.0.1:1/x", true), ("http://127.9.9.9", true), ("http://[::1]:8", true),
            ("http://example.com", false), ("http://10.0.0.1", false), ("http://[::2]", false),
            ("http://127.0.0.1.example.com", false), ("http://127.example.0.1", false),
            ("http://localhost.example.com", false),
        ])
    func `only loopback is private without encryption`(text: String, isPrivate: Bool) throws {
        let url = try BaseURL(text)
        #expect(url.isPrivate == isPrivate)
    }

    @Test func `no location leads out of the origin`() throws {
        var random = SeededRandom(seed: UInt64.random(in: 0...UInt64.max))
        let origin = try BaseURL("https://a.example:8443").origin
        let starts = ["", "/", "//", "https://", "https://a.example:8443", "http:", "?", "a:"]
        var followed = 0
        for _ in 0..<5_000 {
            let location = (starts.randomElement(using: &random) ?? "") + text(&random)
            guard let path = RedirectTarget.path(location, from: "/x/y", at: origin) else {
                continue
            }
            followed += 1
            let (target, rest) = try #require(Origin.split(origin.text + path))
            #expect(target == origin && rest == path, "\(location), seed \(random.seed)")
            #expect(path.hasPrefix("/"), "\(location), seed \(random.seed)")
        }
        #expect(followed > 100)
    }

    @Test func `a secret is found in every form, whole before part`() {
        let long = String(repeating: "k", count: 80)
        let redactor = SecretRedactor(["tok/en 1", "tok", "", long])
        let text = "a tok/en 1 b tok%2Fen%201 c tok d"
        #expect(
            redactor.redact(text, charactersMax: 100)
                == "a [redacted] b [redacted] c [redacted] d")
        #expect(redactor.redact("x\(long)x", charactersMax: 5) == "x[red…")
        #expect(redactor.redact("\(long.prefix(16))… is", charactersMax: 50) == "[redacted]… is")
    }

    @Test func `once an attempt is over no byte of its body is given away`() async throws {
        let (sent, unsent) = (AttemptTrace(), AttemptTrace())
        var first = TrackedBody(bytes: [1], trace: sent).makeAsyncIterator()
        #expect(try await first.next()?.readableBytes == 1)
        #expect(try await first.next() == nil)
        #expect(sent.close())
        var late = TrackedBody(bytes: [1], trace: unsent).makeAsyncIterator()
        #expect(!unsent.close())
        await #expect(throws: CancellationError.self) { _ = try await late.next() }
    }
}
