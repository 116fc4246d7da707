// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Takes secrets out of text that others wrote.
struct SecretRedactor: Sendable {
    private static let replacement = "[redacted]"
    /// Longest first, so that no secret is left in part by another that it contains.
    private let secrets: [String]

    /// - Parameter secrets: Each is found as it is and percent-encoded; empty ones are ignored.
    init(_ secrets: [String]) {
        let forms = secrets.filter { !$0.isEmpty }.flatMap { secret in
            var forms = [secret, PercentEncoding.segment(secret), PercentEncoding.query(secret)]
            // What `JSONError` leaves of a long key.
            if secret.utf8.count > 64 { forms.append(String(secret.unicodeScalars.prefix(16))) }
            return forms
        }
        self.secrets = Set(forms).sorted { ($1.utf8.count, $0) < ($0.utf8.count, $1) }
    }

    /// The text without its secrets, and cut to a length.
    func redact(_ text: String, charactersMax: Int) -> String {
        // Cut afterwards: a secret cut in two would be found no more.
        var redacted = text
        for secret in secrets { redacted = redacted.replacing(secret, with: Self.replacement) }
        return redacted.count <= charactersMax
            ? redacted : String(redacted.prefix(charactersMax)) + "…"
    }
}
