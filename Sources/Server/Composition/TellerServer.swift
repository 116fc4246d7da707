// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Ledger
import Logging
import NIOCore
import RPC
import ServiceLifecycle
import Supervision
import TLS
import TON
import Telemetry
import TellerProtocol
import Transport
import UnixSignals
import Upstream
import Workers

/// A configured server: the store, the ledger, the RPC layer, the port and the workers.
///
/// Its services start in that order and stop in the reverse one: the port drains first, the
/// workers stop at a safe point, the last alerts are sent, and the ledger commits what is queued
/// before the store closes.
struct TellerServer: Sendable {
    private let configuration: ServerConfiguration
    private let bookkeeper: Bookkeeper
    private let supervisor: Supervisor
    private let alerts: AlertDesk
    private let port: RPCPort
    private let admin: AdminPort?
    private let upstreams: UpstreamBoard
    private let traces: SpanExporter?
    private let certificates: TLSContextStore?
    private let logger: Logger

    /// Opens the store (bringing its schema up to date) and builds everything on it.
    ///
    /// - Parameter onListening: called once with the ports, when calls are answered.
    init(
        _ configuration: ServerConfiguration, instruments: Instruments,
        onListening: @escaping @Sendable ([Int]) -> Void = { _ in }
    ) async throws {
        self.configuration = configuration
        let (logger, metrics) = (instruments.logger, instruments.metrics)
        self.logger = logger
        let (clock, ledgerClock) = (RPCClock.system, LedgerClock { RPCClock.system.wall })
        let opened = try OpenedStore(configuration, logger: logger)
        let bookkeeper = Bookkeeper(
            store: MeasuredStore(opened.ledger, metrics: metrics), policy: configuration.policy,
            clock: ledgerClock, observer: LedgerMeter(metrics))
        let health = HealthState(blockers: [.starting, .storeUnavailable])
        let limits = RPCLimits(configuration)
        let board = TaskBoard(
            instance: Self.instanceName(), store: opened.tasks, logger: logger)
        upstreams = UpstreamBoard(
            clock: clock, observer: UpstreamMeter(metrics: metrics), tracer: instruments.tracer)
        let policies = PolicyBoard(
            registry: upstreams.registry, store: opened.policies, logger: logger)
        let ton = try TONPayer(
            configuration, upstreams: upstreams, store: opened.chain, bookkeeper: bookkeeper,
            board: board, clock: ledgerClock, logger: logger)
        let markets = try Markets(
            configuration, upstreams: upstreams, store: opened.markets,
            arrivals: ton?.arrivals(opened.chain), clock: ledgerClock, logger: logger)
        let services = Self.services(
            configuration, opened, bookkeeper: bookkeeper, board: board, upstreams: upstreams,
            policies: policies, ton: ton, markets: markets, limits: limits, clock: clock)
        let rpc = RPCHandler(
            methods: services.methods,
            access: AccessPolicy(configuration, tokens: opened.credentials), health: health,
            limits: limits, clock: clock, metrics: metrics, tracer: instruments.tracer,
            identifierSeed: .random(in: .min ... .max), logger: logger)
        let certificates = try Self.certificates(configuration)
        let servers = Self.servers(configuration, rpc, security: certificates, logger)
        port = RPCPort(
            servers: servers, rpc: rpc, health: health, grace: configuration.shutdownGrace,
            logger: logger, onListening: onListening)
        let monitor = StoreMonitor(store: bookkeeper.store, health: health, logger: logger)
        let workers = Self.workers(
            configuration, bookkeeper: bookkeeper, deals: opened.deals, clock: ledgerClock,
            board: board, ton: ton, tracer: instruments.tracer, logger: logger)
        traces = try instruments.traceExporter(
            configuration, instance: board.instance, on: upstreams)
        alerts = try AlertDesk(
            configuration.alerts, upstreams: upstreams, redactor: instruments.redactor,
            metrics: metrics, logger: logger, now: { clock.wall })
        let glance = Self.glance(configuration, bookkeeper.store, ledgerClock, logger)
        let watch = Self.watch(
            configuration, desk: alerts, board: board, workers: workers, glance: glance,
            upstreams: upstreams.registry, ton: ton)
        supervisor = try Self.supervisor(
            [monitor.child, board.child, policies.child, glance.child, watch.child]
                + workers.children + (ton?.children ?? []) + markets.children,
            board: board, leases: opened.leases, metrics: metrics, logger: logger)
        board.attach(supervisor)
        admin = AdminPort(
            configuration, instruments: instruments, health: health, security: certificates)
        metrics.register([
            rpc.metricsCollector, ServerCollectors.connections(servers),
            ServerCollectors.store(bookkeeper, monitor, connections: opened.connections),
            ServerCollectors.ledger(glance, workers), ServerCollectors.tasks(board),
            ServerCollectors.upstreams(upstreams.registry, policies), ton?.collector,
        ])
        self.bookkeeper = bookkeeper
        self.certificates = certificates
    }

    /// nil when the ports are open in clear.
    private static func certificates(
        _ configuration: ServerConfiguration
    ) throws -> TLSContextStore? {
        try configuration.tls.map { try TLSContextStore(TLSServerConfiguration($0)) }
    }

    /// One server for each address.
    private static func servers(
        _ configuration: ServerConfiguration, _ rpc: RPCHandler, security: TLSContextStore?,
        _ logger: Logger
    ) -> [HTTPServer] {
        configuration.listen.map { address in
            HTTPServer(
                configuration: HTTPServerConfiguration(configuration, address), handler: rpc,
                refusal: { rpc.refusal($0) }, security: security, logger: logger)
        }
    }

    /// Names this process in the cluster: no other one that lives has the same name.
    private static func instanceName() -> String {
        let number = ProcessInfo.processInfo.processIdentifier
        let tail = String(UInt32.random(in: 0 ... .max), radix: 16)
        return "\(HostName.current)-\(number)-\(tail)"
    }

    /// Serves until SIGTERM or SIGINT and then drains; SIGHUP takes the certificates anew.
    ///
    /// - Parameter companions: services that run beside it and stop first.
    func run(companions: [any Service] = []) async throws {
        var services: [any Service] = [
            LedgerKeeper(bookkeeper: bookkeeper, upstreams: upstreams)
        ]
        if let admin { services.append(admin) }
        if let traces { services.append(traces) }
        services += [alerts, supervisor, port]
        services += [CertificateReloader(certificates: certificates, logger: logger)] + companions
        var group = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) },
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "lifecycle") { _ in
                SwiftLogNoOpLogHandler()
            })
        // Beyond the drain's own grace the workers and the ledger need a moment, and so do the
        // last messages and traces and the connections that are being made.
        group.maximumGracefulShutdownDuration =
            configuration.shutdownGrace + .seconds(traces == nil ? 5 : 7) + AlertDesk.shutdownTime
            + UpstreamClient.connectTimeout
        try await ServiceGroup(configuration: group).run()
        logger.notice("stopped")
    }
}

/// Closes the ledger, and the connections to others, when everything else has stopped.
private struct LedgerKeeper: Service {
    let bookkeeper: Bookkeeper
    let upstreams: UpstreamBoard

    func run() async throws {
        try? await gracefulShutdown()
        await bookkeeper.close()
        await upstreams.close()
    }
}

/// The listening port: answers calls until it is told to drain.
private struct RPCPort: Service {
    let servers: [HTTPServer]
    let rpc: RPCHandler
    let health: HealthState
    let grace: Duration
    let logger: Logger
    let onListening: @Sendable ([Int]) -> Void

    func run() async throws {
        var ports: [Int] = []
        for server in servers { ports.append(try await server.bind().port ?? 0) }
        health.unblock(.starting)
        logger.notice("serving", metadata: ["ports": "\(ports)"])
        onListening(ports)
        try? await gracefulShutdown()

        logger.notice("draining", metadata: ["inFlight": "\(rpc.callsInFlight)"])
        rpc.beginDrain()
        await withTaskGroup(of: Void.self) { drains in
            for server in servers { drains.addTask { await server.drain(grace: grace) } }
        }
        rpc.stop()
    }
}

/// Takes the certificate files anew at SIGHUP; connections keep what they have.
private struct CertificateReloader: Service {
    let certificates: TLSContextStore?
    let logger: Logger

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        for await _ in signals.cancelOnGracefulShutdown() {
            guard let certificates else { continue }
            do {
                try certificates.reload()
                logger.notice("certificates reloaded")
            } catch {
                logger.error(
                    "certificates kept: the new ones are bad", metadata: ["error": "\(error)"])
            }
        }
    }
}

extension MetricsRegistry {
    fileprivate func register(_ collectors: [MetricsCollector?]) {
        for collector in collectors { if let collector { register(collector) } }
    }
}
