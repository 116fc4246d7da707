// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Every limit of the RPC layer. `service.info` reports those a caller can run into.
package struct RPCLimits: Sendable {
    /// The largest request body.
    package var bodyBytesMax = 1 << 20
    /// The deepest nesting of a request body.
    package var nestingDepthMax = 64
    /// The most calls in one batch.
    package var batchElementsMax = 100
    /// The largest reply to one batch; answers that do not fit are replaced by an error.
    package var batchReplyBytesMax = 4 << 20
    /// The longest `id`, as JSON text.
    package var idBytesMax = 256

    /// The time for a call that names none.
    package var deadlineDefault = Duration.seconds(10)
    /// The longest time for a call; a longer `grpc-timeout` is shortened to it.
    package var deadlineMax = Duration.seconds(60)
    /// The longest life of a stream; callers resume with the cursor.
    package var streamDurationMax = Duration.seconds(3600)

    /// The most calls being answered at once, each element of a batch counted.
    package var callsInFlightMax = 16_384
    package var callsInFlightPerConnectionMax = 2048
    /// The most streaming calls open at once.
    package var streamsMax = 4096
    /// The most streaming calls and health watches on one connection.
    package var streamsPerConnectionMax = 64
    /// What `retry-after` and `retryAfterMs` say to a caller refused for load.
    package var overloadRetryAfter = Duration.seconds(1)

    /// The longest `x-request-id` that is taken over.
    package var requestIDBytesMax = 128

    /// How long a token is believed without asking the store again: the delay of a revocation.
    package var tokenCacheDuration = Duration.seconds(1)
    package var tokenCacheEntriesMax = 1024
    /// How many failed attempts one address has before it must wait.
    package var failedAttemptsBurst = 10
    /// How long an address waits for each further attempt.
    package var failedAttemptInterval = Duration.seconds(2)
    /// The most addresses remembered for failed attempts.
    package var failedAttemptAddressesMax = 4096

    /// The largest message of the gRPC health service.
    package var healthMessageBytesMax = 4096
    /// The most open `grpc.health.v1.Health/Watch` calls.
    package var healthWatchersMax = 1024

    package init() {}
}
