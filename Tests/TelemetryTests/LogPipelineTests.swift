// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Synchronization
import TellerProtocol
import Testing

@testable import Telemetry

@Suite(.timeLimit(.minutes(1))) struct LogPipelineTests {
    private static func pipeline(
        _ pipe: Pipe, _ level: Logger.Level = .info, _ format: LogFormat = .text
    ) -> LogPipeline {
        LogPipeline(
            format: format, level: level, redactor: Redactor(secrets: ["top-secret"]),
            output: LogOutput(descriptor: pipe.fileHandleForWriting.fileDescriptor),
            now: { Timestamp(unixMilliseconds: 0) })
    }

    /// What was written, once the writing end is closed.
    private static func lines(_ pipe: Pipe) throws -> [String] {
        try pipe.fileHandleForWriting.close()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map {
            String($0.dropFirst("1970-01-01T00:00:00.000Z ".count))
        }
    }

    @Test func `the level changes for every logger at once, but for one with its own`() throws {
        let pipe = Pipe()
        let pipeline = Self.pipeline(pipe)
        let first = Logger(label: "first") { pipeline.handler(label: $0) }
        var own = first
        own.logLevel = .error
        let second = Logger(label: "second") { pipeline.handler(label: $0) }
        first.debug("1")
        pipeline.level = .debug
        #expect(first.logLevel == .debug && second.logLevel == .debug && own.logLevel == .error)
        first.debug("2")
        second.debug("3")
        own.warning("4")
        own.error("5")
        pipeline.level = .critical
        first.error("6")
        #expect(try Self.lines(pipe) == ["debug first: 2", "debug second: 3", "error first: 5"])
    }

    @Test func `of metadata the closest counts`() throws {
        let pipe = Pipe()
        let pipeline = Self.pipeline(pipe)
        let provider = Logger.MetadataProvider { ["a": "provider", "b": "provider"] }
        var logger = Logger(label: "l") {
            pipeline.handler(label: $0, metadataProvider: provider)
        }
        logger[metadataKey: "a"] = "logger"
        logger[metadataKey: "c"] = "logger"
        logger[metadataKey: "d"] = "top-secret"
        #expect(logger[metadataKey: "c"] == "logger")
        logger.info("m", metadata: ["b": "event"])
        #expect(try Self.lines(pipe) == ["info l: m a=provider b=event c=logger d=[redacted]"])
    }

    @Test func `lines are written when log returns`() throws {
        let pipe = Pipe()
        let logger = Logger(label: "l") { Self.pipeline(pipe).handler(label: $0) }
        for index in 0..<100 { logger.info("\(index)") }
        #expect(try Self.lines(pipe) == (0..<100).map { "info l: \($0)" })
    }

    @Test func `many threads write long lines and none is torn`() async throws {
        let pipe = Pipe()
        let pipeline = Self.pipeline(pipe)
        let (threads, each) = (8, 15)
        let reading = PipeReading(pipe)
        await withTaskGroup(of: Void.self) { group in
            for thread in 0..<threads {
                group.addTask {
                    let logger = Logger(label: "l") { pipeline.handler(label: $0) }
                    // Longer than what a pipe takes at once.
                    let padding = String(repeating: "\(thread)", count: 950)
                    for index in 0..<each {
                        logger.info(
                            "\(index)",
                            metadata: [
                                "a": "\(padding)", "b": ["\(padding)", "\(padding)"],
                                "c": "\(padding)", "d": "\(padding)", "thread": "\(thread)",
                            ])
                    }
                }
            }
        }
        // The last lines may still be with the thread that took over.
        let flush = Logger(label: "l") { pipeline.handler(label: $0) }
        flush.info("end")
        while !pipeline.isIdle { await Task.yield() }
        try pipe.fileHandleForWriting.close()
        let text = await reading.text()
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.count == threads * each + 1)
        #expect(lines.last?.hasSuffix("info l: end") == true)
        for thread in 0..<threads {
            let padding = String(repeating: "\(thread)", count: 950)
            let own = lines.filter { $0.hasSuffix(" thread=\(thread)") }
            let expected = (0..<each).map {
                "info l: \($0) a=\(padding) b=[\"\(padding)\",\"\(padding)\"] c=\(padding) "
                    + "d=\(padding) thread=\(thread)"
            }
            #expect(own.map { String($0.dropFirst("1970-01-01T00:00:00.000Z ".count)) } == expected)
        }
    }

    @Test func `a reader that has stopped stops nobody, and what is dropped is said`() async throws
    {
        let pipe = Pipe()
        let pipeline = Self.pipeline(pipe)
        let logger = Logger(label: "l") { pipeline.handler(label: $0) }
        let padding = String(repeating: "x", count: 1_000)
        let count = 3 * LogOutput.waitingBytesMax / 2_000
        // Nobody reads: each call returns all the same.
        for index in 0..<count { logger.info("\(index) \(padding)") }
        let registry = MetricsRegistry()
        registry.register(pipeline.collector)
        let exposed = String(decoding: await registry.scrape(.prometheusText), as: UTF8.self)

        let reading = PipeReading(pipe)
        while !pipeline.isIdle { await Task.yield() }
        logger.info("after")
        while !pipeline.isIdle { await Task.yield() }
        try pipe.fileHandleForWriting.close()
        let lines = await reading.text().split(separator: "\n")
        let kept = lines.count - 2
        #expect(kept > 1_000 && kept < count)
        for (index, line) in lines.prefix(kept).enumerated() {
            #expect(line.hasSuffix("info l: \(index) \(padding)"))
        }
        #expect(lines[kept].hasSuffix("warning l: log lines were dropped count=\(count - kept)"))
        #expect(lines[kept + 1].hasSuffix("info l: after"))
        #expect(exposed.contains("\nteller_log_lines_dropped_total \(count - kept)\n"))
    }

    @Test func `a descriptor that is gone is no reason to wait`() throws {
        let output = LogOutput(descriptor: 99_999)
        let pipeline = LogPipeline(
            format: .json, level: .info, output: output, now: { Timestamp(unixMilliseconds: 0) })
        let logger = Logger(label: "l") { pipeline.handler(label: $0) }
        for _ in 0..<10 { logger.info("x") }
        #expect(pipeline.isIdle)
    }
}

/// Reads a pipe to its end on a thread of its own: a blocked one of the pool could be the last.
private final class PipeReading: Sendable {
    private let result = Mutex<String?>(nil)

    init(_ pipe: Pipe) {
        Thread.detachNewThread { [self] in
            let data = (try? pipe.fileHandleForReading.readToEnd()) ?? Data()
            result.withLock { $0 = String(decoding: data, as: UTF8.self) }
        }
    }

    func text() async -> String {
        await eventually { self.result.withLock { $0 != nil } }
        return result.withLock { $0 } ?? ""
    }
}
