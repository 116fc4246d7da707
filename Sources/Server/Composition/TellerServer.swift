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
import Workers

/// A configured server: the store, the ledger, the RPC layer, the port and the workers.
///
/// Its services start in that order and stop in the reverse one: the port drains first, the
/// workers stop at a safe point, and the ledger commits what is queued before the store closes.
struct TellerServer: Sendable {
    private let configuration: ServerConfiguration
    private let bookkeeper: Bookkeeper
    private let supervisor: Supervisor
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
        let clock = RPCClock.system
        let ledgerClock = LedgerClock { clock.wall }
        let opened = try OpenedStore(configuration, logger: logger)
        let bookkeeper = Bookkeeper(
            store: MeasuredStore(opened.ledger, metrics: metrics), policy: configuration.policy,
            clock: ledgerClock, observer: LedgerMeter(metrics))
        let health = HealthState(blockers: [.starting, .storeUnavailable])
        let limits = RPCLimits(configuration)
        let board = TaskBoard(
            instance: Self.instanceName(), store: opened.tasks, logger: logger)
        let services = TellerServices(
            withdraw: WithdrawHandler(
                ledger: bookkeeper, network: configuration.network,
                requiresKey: configuration.requiresKey),
            account: AccountHandler(
                ledger: bookkeeper, requiresKey: configuration.requiresKey),
            task: TaskHandler(board: board, clock: clock),
            service: InformationHandler(
                environment: configuration.environment, startedAt: clock.wall, limits: limits))
        let rpc = RPCHandler(
            methods: services.methods,
            access: AccessPolicy(configuration, tokens: opened.credentials), health: health,
            limits: limits, clock: clock, metrics: metrics, tracer: instruments.tracer,
            identifierSeed: .random(in: .min ... .max), logger: logger)
        let certificates = try configuration.tls.map {
            try TLSContextStore(TLSServerConfiguration($0))
        }
        let servers = configuration.listen.map { address in
            HTTPServer(
                configuration: HTTPServerConfiguration(configuration, address), handler: rpc,
                refusal: { rpc.refusal($0) }, security: certificates, logger: logger)
        }
        port = RPCPort(
            servers: servers, rpc: rpc, health: health, grace: configuration.shutdownGrace,
            logger: logger, onListening: onListening)
        let monitor = StoreMonitor(store: bookkeeper.store, health: health, logger: logger)
        let workers = Self.workers(
            configuration, bookkeeper: bookkeeper, clock: ledgerClock, board: board,
            tracer: instruments.tracer, logger: logger)
        upstreams = UpstreamBoard(
            clock: clock, observer: UpstreamMeter(metrics: metrics), tracer: instruments.tracer)
        traces = try instruments.traceExporter(
            configuration, instance: board.instance, on: upstreams)
        supervisor = try Supervisor(
            children: [monitor.child, board.child] + workers.children,
            instance: board.instance,
            keeper: MeasuredLeaseKeeper(keeper: opened.leases, metrics: metrics),
            observer: TaskHistoryWriter(
                instance: board.instance, store: opened.tasks, logger: logger),
            logger: logger)
        board.attach(supervisor)
        admin = AdminPort(
            configuration, instruments: instruments, health: health, security: certificates)
        for collector in [
            rpc.metricsCollector, ServerCollectors.connections(servers),
            ServerCollectors.store(bookkeeper, monitor, connections: opened.connections),
            ServerCollectors.audit(workers.auditor), ServerCollectors.tasks(board),
            ServerCollectors.upstreams(upstreams.registry),
        ] { metrics.register(collector) }
        self.bookkeeper = bookkeeper
        self.certificates = certificates
    }

    /// Names this process in the cluster: no other one that lives has the same name.
    private static func instanceName() -> String {
        let file = URL(filePath: "/proc/sys/kernel/hostname")
        let host = (try? String(contentsOf: file, encoding: .utf8)) ?? "teller"
        let number = ProcessInfo.processInfo.processIdentifier
        let tail = String(UInt32.random(in: 0 ... .max), radix: 16)
        return "\(host.trimmingCharacters(in: .whitespacesAndNewlines))-\(number)-\(tail)"
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
        services += [supervisor, port]
        services += [CertificateReloader(certificates: certificates, logger: logger)] + companions
        var group = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) },
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "lifecycle") { _ in
                SwiftLogNoOpLogHandler()
            })
        // Beyond the drain's own grace the workers, the traces and the ledger need a moment.
        group.maximumGracefulShutdownDuration =
            configuration.shutdownGrace + .seconds(traces == nil ? 5 : 7)
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
