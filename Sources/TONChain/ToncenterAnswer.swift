// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import TellerProtocol
internal import Upstream

/// What toncenter's answers mean, beyond what their HTTP status says.
///
/// A failure is `{"ok":false,"error":text,"code":number}` in v2, with the same HTTP status or with
/// 200; the text of a 429 stands under `result`. v3 has no `ok`. What a liteserver says arrives as
/// 500 or 542 with its text, whether the server is broken or the caller asked for what is not there.
enum ToncenterAnswer {
    /// The status of a message that was refused.
    static let refusedMessage = 422
    /// The status of a transaction the server doesn't have.
    static let unknownTransaction = 410
    /// The status of a method the server doesn't have.
    static let unknownMethod = 404

    /// Parts of what servers say, in lower case.
    private static let unknownTransactionTexts = [
        "cannot locate transaction", "with specified transaction", "lt not in db",
        "transaction hash mismatch",
    ]
    private static let unknownMethodTexts = ["method not found", "unknown method"]

    /// The status that an answer is judged by.
    static func status(of endpoint: UpstreamEndpoint, _ http: Int, _ body: JSONValue) -> Int {
        guard http >= 400 || body["ok"]?.bool == false else { return http }
        let said = number(body["code"]).flatMap { (400..<600).contains($0) ? $0 : nil }
        if said == 429 || isRateLimit(body) { return 429 }
        let status = http >= 400 ? http : said ?? 500
        guard status != 401, status != 429 else { return status }
        let text = text(body).lowercased()
        switch endpoint.name {
        case ToncenterEndpoints.send.name, ToncenterEndpoints.sendReturningHash.name:
            if SendRefusal(text) != nil { return refusedMessage }
        case ToncenterEndpoints.transactions.name:
            if unknownTransactionTexts.contains(where: text.contains) { return unknownTransaction }
        default: break
        }
        return unknownMethodTexts.contains(where: text.contains) ? unknownMethod : status
    }

    /// What a failure says.
    static func text(_ body: JSONValue) -> String {
        body["error"]?.string ?? body["result"]?.string ?? ""
    }

    /// Whether it says that the calls are too many.
    static func isRateLimit(_ body: JSONValue) -> Bool {
        number(body["code"]) == 429 || body["result"]?.string?.hasPrefix("Ratelimit") == true
    }

    private static func number(_ value: JSONValue?) -> Int? {
        value?.int ?? value?.string.flatMap { Int($0) }
    }
}

/// Why a node did not take a message, by what it says.
struct SendRefusal: Equatable {
    /// nil when the contract did not run.
    let exitCode: Int?
    let reason: String

    private static let exitCodeMark = "exitcode="
    private static let reasons = [
        ("failed to unpack account state", "the account does not exist"),
        ("failed to parse external message", "it is not a message"),
        (
            "before smart-contract execution",
            "the account has no code for it, or nothing to pay its fees with"
        ),
        ("external message was not accepted", "the contract did not accept it"),
        ("inbound external message rejected", "the contract did not accept it"),
    ]

    private init(exitCode: Int?, reason: String) {
        self.exitCode = exitCode
        self.reason = reason
    }

    /// Reads the text of a failure.
    ///
    /// nil for one that says nothing of the message. `cannot apply external message to current
    /// state` alone is such: it stands before failures of the server, too.
    init?(_ text: String) {
        let text = text.lowercased()
        guard let reason = Self.reasons.first(where: { text.contains($0.0) })?.1 else { return nil }
        self.init(exitCode: Self.exitCode(text), reason: reason)
    }

    /// Of a server that calls the request itself wrong.
    static let wrongRequest = SendRefusal(
        exitCode: nil, reason: "the server can't read the request")

    private static func exitCode(_ text: String) -> Int? {
        guard let mark = text.firstRange(of: exitCodeMark) else { return nil }
        return Int(text[mark.upperBound...].prefix { $0 == "-" || $0.isASCII && $0.isNumber })
    }
}
