// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import NIOCore
internal import NIOSSL
internal import Resilience

/// The connections to all upstreams, shared by them.
///
/// It wraps async-http-client so that every upstream has it as the pipeline needs it:
///
/// * It neither retries nor follows redirects. A failed connection fails at once; whether there
///   is another attempt is the policy's business.
/// * Calls do not queue for a connection: how many are under way is the policy's business too.
/// * HTTP/1.1, so an attempt has its connection alone. Cancelling it closes that, and a broken
///   connection breaks one attempt.
/// * TLS from 1.2 on; certificates and host names are verified, and nothing turns that off.
/// * It makes no spans of its own: they would carry the URL, and so the secrets in it.
package final class UpstreamClient: Sendable {
    /// What DNS, TCP and TLS may take together by default.
    package static let connectTimeout = Duration.seconds(5)
    /// Shorter than servers' usual 60 s, so that a call seldom meets a connection that is closing.
    static let idleTime = TimeAmount.seconds(30)

    let http: HTTPClient

    /// - Parameters:
    ///   - connectTimeout: Also ends within the attempt's time, whichever is sooner.
    ///   - additionalRootsFile: A PEM file of certificates to trust besides the system's, for
    ///     gateways with a private authority; nil for none.
    package init(
        connectTimeout: Duration = connectTimeout, additionalRootsFile: String? = nil
    ) {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        tls.certificateVerification = .fullVerification
        tls.additionalTrustRoots = additionalRootsFile.map { [.file($0)] } ?? []
        var pool = HTTPClient.Configuration.ConnectionPool(
            idleTimeout: Self.idleTime,
            concurrentHTTP1ConnectionsPerHostSoftLimit: RetryPolicy.Bounds.concurrencyMax.upperBound
        )
        pool.retryConnectionEstablishment = false
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(connectTimeout)), connectionPool: pool,
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        configuration.tracing.tracer = nil
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// For whoever had no occasion to: a server whose start failed.
    deinit { http.shutdown { _ in } }

    /// Closes all connections; calls under way fail. To be called once, before the client goes.
    /// It waits for connections that are being made, at most the time they may take.
    package func shutdown() async {
        // It fails only when it was called before.
        try? await http.shutdown()
    }
}
