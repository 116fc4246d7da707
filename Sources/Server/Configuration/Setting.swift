// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// One configuration key: where it may stand, what it takes and what it means.
///
/// `Setting.all` is the only place where a key is declared. Help, `docs/configuration.md`, the
/// environment's names and the refusal of unknown keys are all derived from it.
struct Setting: Sendable {
    /// The dotted name, as in a file and after `--set`: `http.bodyBytesMax`.
    let key: String
    /// The form of the value: `DURATION`, `NANOTONS`, `true|false`.
    let form: String
    /// The value's text when nothing is configured; nil for none.
    let standard: String?
    let help: String
    /// Whether the value may never be printed.
    var isSecret = false

    /// The environment variable: `TELLER_HTTP_BODY_BYTES_MAX`.
    var environmentName: String {
        var name = "TELLER_"
        for character in key {
            if character == "." {
                name.append("_")
            } else {
                if character.isUppercase { name.append("_") }
                name.append(character.uppercased())
            }
        }
        return name
    }
}

extension Setting {
    static let all: [Setting] = general + ton + deals + markets + operation

    private static let general: [Setting] = [
        Setting(
            key: "environment", form: "development|production", standard: "development",
            help: "production refuses the payout simulator"),
        Setting(
            key: "listen", form: "HOST:PORT[,HOST:PORT…]", standard: "127.0.0.1:8700",
            help: "addresses of the RPC port; port 0 takes a free one"),
        Setting(
            key: "allowInsecure", form: "true|false", standard: "false",
            help:
                "listen beyond loopback although TLS or tokens are off, and send alerts there in clear"
        ),
        Setting(
            key: "store", form: "sqlite:PATH|postgres://…",
            standard: "sqlite:teller-data/teller.sqlite",
            help: "where the ledger is kept; any libpq connection string for PostgreSQL",
            isSecret: true),
        Setting(
            key: "threads", form: "COUNT", standard: "0",
            help: "event loop threads; 0 takes one for each core"),
        Setting(
            key: "shutdownGrace", form: "DURATION", standard: "25s",
            help: "how long a drain may take after SIGTERM"),
        Setting(
            key: "log.level", form: "trace|debug|info|notice|warning|error", standard: "info",
            help: "the least level that is logged; the admin port changes it at run time"),
        Setting(
            key: "log.format", form: "text|json", standard: "text",
            help: "lines for people, or one JSON object a line"),

        Setting(
            key: "admin.listen", form: "HOST:PORT|none", standard: "none",
            help: "address of the admin port: metrics, probes and the log level"),
        Setting(
            key: "admin.token", form: "TEXT", standard: nil,
            help: "what callers of the admin port must send as `Bearer`, at least 16 characters",
            isSecret: true),

        Setting(
            key: "tracing.otlp.url", form: "URL", standard: nil,
            help: "collector that takes traces (OTLP/HTTP, at /v1/traces below it); none: no traces"
        ),
        Setting(
            key: "tracing.otlp.token", form: "TEXT", standard: nil,
            help: "what the collector is sent as `Bearer`", isSecret: true),
        Setting(
            key: "tracing.sampleRatio", form: "0…1", standard: "1",
            help: "share of the traces that begin here; callers decide on theirs"),

        Setting(
            key: "tls.certificate", form: "FILE", standard: nil,
            help: "PEM certificate chain; with it the port speaks TLS only"),
        Setting(key: "tls.key", form: "FILE", standard: nil, help: "PEM private key"),
        Setting(
            key: "tls.clientAuthorities", form: "FILE", standard: nil,
            help: "PEM authorities whose client certificates are accepted"),
        Setting(
            key: "tls.clientCertificates", form: "none|optional|required", standard: "none",
            help: "whether clients are asked for a certificate"),

        Setting(
            key: "access.tokens", form: "required|optional", standard: "optional",
            help:
                "optional lets callers without a token do everything; on loopback in development only"
        ),
        Setting(
            key: "access.certificates", form: "SUBJECT=TENANT:SCOPE+SCOPE[;…]", standard: nil,
            help: "client certificate subjects that are principals"),

        Setting(
            key: "withdraw.minimum", form: "NANOTONS", standard: "10000000",
            help: "the smallest amount of a withdrawal"),
        Setting(
            key: "withdraw.maximum", form: "NANOTONS", standard: "1000000000000000",
            help: "the largest amount of a withdrawal"),
        Setting(
            key: "withdraw.fee", form: "NANOTONS", standard: "5000000",
            help: "debited with each withdrawal and kept"),
        Setting(
            key: "withdraw.requireKey", form: "true|false", standard: "false",
            help: "refuse calls that move money without an idempotency key"),
        Setting(
            key: "idempotency.outcomeLife", form: "DURATION", standard: "30d",
            help: "how long a key's first outcome is replayed; the key itself never runs again"),
        Setting(
            key: "ton.network", form: "mainnet|testnet", standard: "mainnet",
            help: "mainnet refuses test-only addresses"),

        Setting(
            key: "gateway.name", form: "simulator|ton|none", standard: "simulator",
            help: "what pays; the simulator only pretends; none leaves withdrawals pending"),
        Setting(
            key: "gateway.simulator.outcome", form: "confirm|refuse|silence|bounce",
            standard: "confirm", help: "what the simulator does with payments"),
        Setting(
            key: "gateway.simulator.delay", form: "DURATION", standard: "0ms",
            help: "how long the simulator takes"),
    ]

    private static let operation: [Setting] = [
        Setting(
            key: "http.bodyBytesMax", form: "COUNT", standard: "1048576",
            help: "bytes of a request body"),
        Setting(
            key: "http.connectionsMax", form: "COUNT", standard: "20000",
            help: "open connections, also bounded by the process's descriptor limit"),
        Setting(
            key: "http.streamsMax", form: "COUNT", standard: "100",
            help: "concurrent streams of one HTTP/2 connection"),
        Setting(
            key: "http.idleTimeout", form: "DURATION", standard: "5m",
            help: "how long a connection may stand without a request"),
        Setting(
            key: "http.connectionAgeMax", form: "DURATION", standard: "1h",
            help: "age at which a connection is asked to go, less up to a tenth"),

        Setting(
            key: "rpc.batchElementsMax", form: "COUNT", standard: "100",
            help: "calls in one batch"),
        Setting(
            key: "rpc.inFlightMax", form: "COUNT", standard: "10000",
            help: "calls in flight in this process"),
        Setting(
            key: "rpc.inFlightPerConnectionMax", form: "COUNT", standard: "1000",
            help: "calls in flight on one connection"),
        Setting(
            key: "rpc.deadline", form: "DURATION", standard: "30s",
            help: "deadline of a call that names none"),
        Setting(
            key: "rpc.deadlineMax", form: "DURATION", standard: "5m",
            help: "longest deadline a call may name"),

        Setting(
            key: "alerts.telegram.token", form: "NUMBER:LETTERS", standard: nil,
            help: "the token of the bot that tells what is wrong, from @BotFather",
            isSecret: true),
        Setting(
            key: "alerts.telegram.chat", form: "NUMBER|@CHANNEL", standard: nil,
            help: "the chat the bot writes to"),
        Setting(
            key: "alerts.telegram.url", form: "URL", standard: "https://api.telegram.org",
            help: "where the Bot API is"),
        Setting(
            key: "alerts.webhook.url", form: "URL", standard: nil,
            help: "where alerts are posted as JSON; without user, query and fragment",
            isSecret: true),
        Setting(
            key: "alerts.webhook.token", form: "TEXT", standard: nil,
            help: "sent with them as Authorization: Bearer", isSecret: true),
        Setting(
            key: "alerts.source", form: "TEXT", standard: nil,
            help: "which installation speaks; without it the machine's name"),
        Setting(
            key: "alerts.escalateAfter", form: "DURATION", standard: "15m",
            help: "after this time an incident is one level more severe"),
        Setting(
            key: "alerts.remindEvery", form: "DURATION", standard: "4h",
            help: "how often an incident that stands is told again; 0s for never"),
        Setting(
            key: "alerts.messagesPerMinute", form: "COUNT", standard: "10",
            help: "messages in any minute; the last one sums up what doesn't fit"),
        Setting(
            key: "alerts.stuckAfter", form: "DURATION", standard: "10m",
            help: "how long a withdrawal may stand unsettled in one state"),
        Setting(
            key: "alerts.breakerOpenFor", form: "DURATION", standard: "1m",
            help: "how long an upstream may be cut off before it is told"),

        Setting(
            key: "postgres.readers", form: "COUNT", standard: "4",
            help: "connections for reading"),
        Setting(
            key: "postgres.writers", form: "COUNT", standard: "2",
            help: "connections for writing; an account's calls keep to one of them"),
    ]

    static let byKey = Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0) })
    static let byEnvironmentName = Dictionary(
        uniqueKeysWithValues: all.map { ($0.environmentName, $0) })

    /// The page `docs/configuration.md`, made of the table.
    static var markdown: String {
        var page = """
            # Configuration

            Every key of `teller serve` and `teller migrate`. A value is taken from the first place \
            that has it: a flag (`--set KEY=VALUE`; `--listen`, `--store` and `--environment` \
            directly, and `--key-command` for `ton.keyCommand`), the environment, the file named by `--config` or `TELLER_CONFIG` (YAML or \
            JSON, keys nested at their dots), the default. Unknown keys are refused.

            Durations are a whole number with a unit: `ms`, `s`, `m`, `h`, `d`. Amounts are whole \
            nanotons. This page is printed by `teller config --markdown`.

            | key | environment | value | default | meaning |
            |---|---|---|---|---|

            """
        for setting in all {
            let form = setting.form.split(separator: "|").joined(separator: "\\|")
            let standard = setting.standard.map { "`\($0)`" } ?? ""
            page += "| `\(setting.key)` | `\(setting.environmentName)` | \(form) | \(standard) "
            page += "| \(setting.help) |\n"
        }
        return page
    }
}
