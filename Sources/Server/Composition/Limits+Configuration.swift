// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import HTTP2
import RPC
import TLS
import TON
import Transport

// The configuration in the terms of the parts it configures.

extension RPCLimits {
    init(_ configuration: ServerConfiguration) {
        self.init()
        bodyBytesMax = configuration.bodyBytesMax
        batchElementsMax = configuration.batchElementsMax
        callsInFlightMax = configuration.inFlightMax
        callsInFlightPerConnectionMax = configuration.inFlightPerConnectionMax
        deadlineDefault = configuration.deadline
        deadlineMax = configuration.deadlineMax
    }
}

extension HTTPServerConfiguration {
    init(_ configuration: ServerConfiguration, _ address: ServerConfiguration.ListenAddress) {
        self.init()
        host = address.host
        port = address.port
        eventLoops = configuration.threads == 0 ? nil : configuration.threads
        // The descriptor limit bounds it from below; see `HTTPServer`.
        connectionsMax = configuration.connectionsMax
        http2.concurrentStreamsMax = configuration.streamsMax
        http2.bodyBytesMax = configuration.bodyBytesMax
        http2.connectionBodyBytesMax = max(
            http2.connectionBodyBytesMax, 4 * configuration.bodyBytesMax)
        http2Timeouts.idle = configuration.idleTimeout
        http2Timeouts.ageMax = configuration.connectionAgeMax
        http2Timeouts.drain = configuration.shutdownGrace
        http1.bodyBytesMax = configuration.bodyBytesMax
        http1.idle = configuration.idleTimeout
    }
}

extension TLSServerConfiguration {
    init(_ files: ServerConfiguration.TLSFiles) {
        let clients: ClientCertificates =
            switch (files.clientCertificates, files.clientAuthorities) {
            case (.optional, let authorities?): .optional(authorityFile: authorities)
            case (.required, let authorities?): .required(authorityFile: authorities)
            default: .none
            }
        self.init(
            identity: TLSIdentity(
                certificateChainFile: files.certificate, privateKeyFile: files.key),
            clientCertificates: clients)
    }
}
