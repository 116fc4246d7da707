// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Telemetry

@Suite struct RedactorTests {
    private static let token = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw_"

    @Test(arguments: [
        (
            "https://api.telegram.org/bot\(token)/sendMessage",
            "https://api.telegram.org/bot[redacted]/sendMessage"
        ),
        ("token \(token)", "token [redacted]"),
        ("\(token)\(token)", "[redacted][redacted]"),
        ("authorization: Bearer abc.def-ghi", "authorization: Bearer [redacted]"),
        ("BEARER abc, basic dTpw", "BEARER [redacted], basic [redacted]"),
        ("{\"authorization\":\"Bearer abc\"}", "{\"authorization\":\"Bearer [redacted]\"}"),
        ("postgres://teller:s3cr:et@db/x", "postgres://teller:[redacted]@db/x"),
        ("a http://u:p@h b http://v:q@i", "a http://u:[redacted]@h b http://v:[redacted]@i"),
        ("host=db password=hunter22 port=1", "host=db password=[redacted] port=1"),
        ("password='two words' x", "password='[redacted]' x"),
        ("Password=a&b=c", "Password=[redacted]&b=c"),
        ("known: correct-horse!", "known: [redacted]!"),
        ("correct-horse-battery correct-horse", "[redacted] [redacted]"),
        ("é correct-horse é", "é [redacted] é"),
    ])
    func `secrets are taken out and nothing else`(text: String, redacted: String) {
        let redactor = Redactor(
            secrets: ["correct-horse", "correct-horse-battery", "short", "correct-horse", ""])
        #expect(redactor.redacted(text) == redacted)
        #expect(redactor.redacted(redacted) == redacted)
    }

    @Test(arguments: [
        "0:54d871e400b3055d553cc0cfa7b9876c3246c7737639d0359cac27959a6dd3c4",
        "", "plain text", "12:34:56", "at 12:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsa", "a bearer",
        "http://host:8080/path", "http://user@host/x", "http://host/a:b@c", "short", "bearer",
        "password=", "password= x", ":\(String(repeating: "a", count: 50))", "é: ✓", "b", ":",
        "://",
    ])
    func `innocent texts stay as they are`(text: String) {
        #expect(Redactor(secrets: ["short"]).redacted(text) == text)
    }

    @Test func `a long text of beginnings of secrets takes linear time`() {
        let text = String(repeating: "1:http://a:bearer password=:", count: 2_000)
        #expect(Redactor().redacted(text).utf8.count > 0)
    }
}
