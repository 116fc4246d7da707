// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Plaintext between two flushes, in order.
struct PendingWrites {
    private(set) var bytes = 0
    private var buffers = CircularBuffer<ByteBuffer>(initialCapacity: 2)
    private var promises: [EventLoopPromise<Void>] = []

    mutating func append(_ buffer: ByteBuffer, _ promise: EventLoopPromise<Void>?) {
        bytes += buffer.readableBytes
        buffers.append(buffer)
        if let promise { promises.append(promise) }
    }

    /// One promise that completes those of all pending writes; nil when nobody waits.
    mutating func takePromise(on eventLoop: any EventLoop) -> EventLoopPromise<Void>? {
        guard let first = promises.first else { return nil }
        for promise in promises.dropFirst() { first.futureResult.cascade(to: promise) }
        promises.removeAll(keepingCapacity: true)
        return first
    }

    /// The next piece to encrypt: one buffer as it is, or small ones joined while they fit into
    /// `limit` bytes together, so that they share a record. nil at the end.
    mutating func next(upTo limit: Int, allocator: ByteBufferAllocator) -> ByteBuffer? {
        guard let first = buffers.popFirst() else { return nil }
        bytes -= first.readableBytes
        guard let second = buffers.first, first.readableBytes + second.readableBytes <= limit
        else { return first }
        var joined = allocator.buffer(capacity: min(limit, first.readableBytes + bytes))
        joined.writeImmutableBuffer(first)
        while let next = buffers.first, joined.readableBytes + next.readableBytes <= limit {
            joined.writeImmutableBuffer(next)
            bytes -= next.readableBytes
            buffers.removeFirst()
        }
        return joined
    }

    mutating func failAll(_ error: TLSError) {
        buffers.removeAll()
        bytes = 0
        let failed = promises
        promises = []
        for promise in failed { promise.fail(error) }
    }
}
