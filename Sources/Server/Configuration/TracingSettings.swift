// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Upstream

/// Where traces go, and how many.
struct TracingSettings: Sendable, Equatable {
    let collector: BaseURL
    /// Sent as `Bearer`; nil for nothing.
    let token: String?
    /// Of the traces that begin here.
    let ratio: SampleRatio

    /// - Returns: nil when no collector is configured.
    init?(_ values: SettingValues) throws(ConfigurationError) {
        guard let ratio = values.text("tracing.sampleRatio").flatMap(SampleRatio.init) else {
            throw values.invalid(
                "tracing.sampleRatio",
                expected: "a decimal from 0 to 1 with at most six digits behind its point")
        }
        token = values.text("tracing.otlp.token")
        guard let text = values.text("tracing.otlp.url") else {
            guard token == nil else {
                throw .contradiction("tracing.otlp.token without tracing.otlp.url")
            }
            return nil
        }
        do {
            collector = try BaseURL(text)
        } catch {
            throw .contradiction("tracing.otlp.url \(error)")
        }
        if let token, !Self.isToken(token) {
            throw values.invalid(
                "tracing.otlp.token", expected: "a token of 6 to 4096 visible ASCII characters")
        }
        self.ratio = ratio
    }

    /// Whether others can read the token on its way.
    var showsToken: Bool { token != nil && !collector.isPrivate }

    /// Whether it can stand behind `Bearer`, and the log's redactor takes it for a secret.
    private static func isToken(_ text: String) -> Bool {
        (Redactor.secretBytesMin...4096).contains(text.utf8.count)
            && text.utf8.allSatisfy { 0x21...0x7E ~= $0 }
    }
}
