// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Logging
internal import Synchronization
package import TellerProtocol

/// What all loggers of the process share: level, format, redaction, and where lines go.
///
/// ```swift
/// let logs = LogPipeline(format: .json, level: .info, redactor: redactor, now: { clock.wall })
/// let logger = Logger(label: "teller") { logs.handler(label: $0) }
/// ```
package final class LogPipeline: Sendable {
    private let format: LogFormat
    private let redactor: Redactor
    private let output: LogOutput
    private let now: @Sendable () -> Timestamp
    /// The place of the level among all.
    private let threshold: Atomic<Int>

    /// - Parameter now: The wall's time.
    package init(
        format: LogFormat, level: Logger.Level, redactor: Redactor = Redactor(),
        output: LogOutput = .standardError, now: @escaping @Sendable () -> Timestamp
    ) {
        self.format = format
        self.redactor = redactor
        self.output = output
        self.now = now
        threshold = Atomic(Self.place(of: level))
    }

    /// The least level that is logged; changed for every logger at once that has none of its own.
    package var level: Logger.Level {
        get { Logger.Level.allCases[threshold.load(ordering: .relaxed)] }
        set { threshold.store(Self.place(of: newValue), ordering: .relaxed) }
    }

    private static func place(of level: Logger.Level) -> Int {
        Logger.Level.allCases.firstIndex(of: level) ?? 0
    }

    package func handler(
        label: String, metadataProvider: Logger.MetadataProvider? = nil
    ) -> TellerLogHandler {
        TellerLogHandler(self, label: label, metadataProvider: metadataProvider)
    }

    /// Says how many lines were dropped (`TellerMetrics.logLinesDropped`).
    package var collector: MetricsCollector {
        MetricsCollector(name: "log", families: [TellerMetrics.logLinesDropped]) { [output] in
            $0.add(TellerMetrics.logLinesDropped, [], Int(clamping: output.linesDropped))
        }
    }

    /// Whether every line is written that was not dropped.
    var isIdle: Bool { output.isIdle }

    func write(_ event: LogEvent, label: String, metadata: Logger.Metadata) {
        let line = LogLine(
            time: now(), level: event.level, label: label, message: event.message.description,
            error: event.error.map { String(describing: $0) }, metadata: metadata)
        output.write(line.bytes(format, redactor)) { [format, now, redactor] dropped in
            LogLine(
                time: now(), level: .warning, label: label, message: "log lines were dropped",
                error: nil, metadata: ["count": "\(dropped)"]
            ).bytes(format, redactor)
        }
    }
}

/// A logger's handler; all of them write through one `LogPipeline`.
package struct TellerLogHandler: LogHandler {
    private let pipeline: LogPipeline
    private let label: String
    /// Set for this logger alone; nil to go with the others.
    private var ownLevel: Logger.Level?
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    init(_ pipeline: LogPipeline, label: String, metadataProvider: Logger.MetadataProvider?) {
        self.pipeline = pipeline
        self.label = label
        self.metadataProvider = metadataProvider
    }

    package var logLevel: Logger.Level {
        get { ownLevel ?? pipeline.level }
        set { ownLevel = newValue }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        // The closer to the event, the more it counts.
        var merged = metadata
        if let provided = metadataProvider?.get() { merged.merge(provided) { $1 } }
        if let own = event.metadata { merged.merge(own) { $1 } }
        pipeline.write(event, label: label, metadata: merged)
    }
}
