// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// A body whose bytes are given away once, and noted before they are. As long as none has been,
/// the upstream has no whole request and can't have acted on it.
struct TrackedBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    typealias Failure = CancellationError

    let bytes: [UInt8]
    let trace: AttemptTrace

    struct AsyncIterator: AsyncIteratorProtocol {
        private var body: TrackedBody?

        init(_ body: TrackedBody) { self.body = body }

        mutating func next() async throws(CancellationError) -> ByteBuffer? {
            guard let body = body.take() else { return nil }
            guard body.trace.beginSending() else { throw CancellationError() }
            return ByteBuffer(bytes: body.bytes)
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }
}
