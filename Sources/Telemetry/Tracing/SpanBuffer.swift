// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Finished spans that wait for the exporter.
package final class SpanBuffer: Sendable {
    /// Spans that may wait.
    package static let spansMax = 2_048
    /// Spans that are exported together; so many of them wake the exporter.
    package static let batchSpansMax = 512

    private let spansMax: Int
    private let spans = Mutex<[FinishedSpan]>([])
    /// Signals that come while the exporter is busy are one.
    let wakes: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init(spansMax: Int) {
        self.spansMax = spansMax
        (wakes, signal) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// - Returns: Whether there was room.
    func offer(_ span: FinishedSpan) -> Bool {
        let count = spans.withLock { spans -> Int? in
            guard spans.count < spansMax else { return nil }
            spans.append(span)
            return spans.count
        }
        if let count, count % Self.batchSpansMax == 0 { wake() }
        return count != nil
    }

    /// Takes the oldest spans, up to `max` of them.
    func take(_ max: Int = batchSpansMax) -> [FinishedSpan] {
        spans.withLock { spans in
            let batch = Array(spans.prefix(max))
            spans.removeFirst(batch.count)
            return batch
        }
    }

    func wake() { signal.yield() }
}
