// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import Logging
internal import ServiceLifecycle
internal import Synchronization

/// Tells people what is wrong, through channels that may themselves be away.
///
/// `raise` and `resolve` come from anywhere and wait for nobody: they only change the machines, one
/// for each channel, whose bounded tables are the mailbox. Each channel has its own driver, which
/// delivers what its machine says, so that one that hangs holds up neither the others nor a worker.
/// A message is on its way as soon as its incident is raised, unless the channel is held back.
package final class Alerter: Service, Sendable {
    package struct Limits: Sendable {
        /// How long a delivery may take; then its fate is unknown.
        package var deliveryTime: Duration = .seconds(10)
        /// Deliveries of a channel that may be left running, late ones included.
        package var deliveriesMax = 4
        /// How long a shutdown waits for what is due.
        package var shutdownTime: Duration = .seconds(3)

        package init() {}
    }

    private final class Line: Sendable {
        let channel: any AlertChannel
        let deliveries = Atomic(0)
        /// Signals that came while the driver was busy are one.
        let (wakes, wake) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let delivered: CounterSeries
        let refused: CounterSeries
        let unknown: CounterSeries

        init(_ channel: any AlertChannel, _ metrics: MetricsRegistry) {
            self.channel = channel
            func counter(_ outcome: String) -> CounterSeries {
                metrics.counter(TellerMetrics.alertDeliveries, [channel.name, outcome])
            }
            (delivered, refused, unknown) =
                (counter("delivered"), counter("refused"), counter("unknown"))
        }
    }

    private let lines: [Line]
    /// One for each line. One lock for all: they hear of everything in the same order.
    private let machines: Mutex<[IncidentMachine]>
    private let isStopping = Atomic(false)
    private let limits: Limits
    private let redactor: Redactor
    private let logger: Logger
    private let now: @Sendable () -> Duration
    private let sleep: Sleep

    /// - Parameters:
    ///   - channels: At least one; their names must differ.
    ///   - run: Names this run of the program in the messages' ids.
    ///   - metrics: Has `TellerMetrics.alertDeliveries`, and is given the alerter's collector.
    ///   - now: Time since a fixed origin; it never goes back.
    package init(
        channels: [any AlertChannel], incidents: IncidentMachine.Limits = .init(),
        limits: Limits = Limits(), run: String, redactor: Redactor, metrics: MetricsRegistry,
        logger: Logger, now: @escaping @Sendable () -> Duration, sleep: @escaping Sleep
    ) {
        precondition(!channels.isEmpty, "nobody would be told")
        precondition(Set(channels.map(\.name)).count == channels.count, "names must differ")
        lines = channels.map { Line($0, metrics) }
        machines = Mutex(channels.map { _ in IncidentMachine(incidents, run: run) })
        self.limits = limits
        self.redactor = redactor
        self.logger = logger
        self.now = now
        self.sleep = sleep
        metrics.register(collector)
    }

    /// Says that something is wrong. To say it again is free, and only renews its text.
    package func raise(_ incident: Incident) {
        let incident = incident.redacted(by: redactor)
        change { $0.raise(incident, at: $1) }
    }

    /// Says that it is well again; what was never raised is left alone.
    package func resolve(_ fingerprint: Incident.Fingerprint) {
        let fingerprint = fingerprint.redacted(by: redactor)
        change { $0.resolve(fingerprint, at: $1) }
    }

    private func change(_ step: (inout IncidentMachine, Duration) -> Void) {
        machines.withLock { machines in
            let now = now()
            for index in machines.indices { step(&machines[index], now) }
        }
        for line in lines { line.wake.yield() }
    }

    private var collector: MetricsCollector {
        MetricsCollector(
            name: "alerts", families: [TellerMetrics.incidents, TellerMetrics.alertsDue]
        ) { [self] samples in
            let (machines, now) = (machines.withLock { $0 }, now())
            let standing = machines[0].standing
            for kind in IncidentKind.allCases {
                samples.add(TellerMetrics.incidents, [kind.rawValue], standing[kind] ?? 0)
            }
            for (line, machine) in zip(lines, machines) {
                samples.add(TellerMetrics.alertsDue, [line.channel.name], machine.due(at: now))
            }
        }
    }

    // MARK: - Delivery

    /// Delivers until the service is shut down, and then what is due, in bounded time; when its
    /// task is cancelled it returns at once. Once only.
    package func run() async throws {
        // Unstructured, so that a shutdown can wait for them, and not for ever.
        let drivers = lines.indices.map { index in Task { await self.drive(index) } }
        try? await gracefulShutdown()
        isStopping.store(true, ordering: .releasing)
        for line in lines { line.wake.yield() }
        _ = await within(limits.shutdownTime, sleep: sleep) {
            for driver in drivers { await driver.value }
        }
        for driver in drivers { driver.cancel() }
    }

    private func drive(_ index: Int) async {
        let line = lines[index]
        var random = SystemRandomNumberGenerator()
        var timer: Task<Void, Never>?
        defer { timer?.cancel() }
        for await _ in line.wakes {
            timer?.cancel()
            while let message = machines.withLock({ $0[index].next(at: now()) }) {
                let outcome = await attempt(message, on: line)
                machines.withLock { $0[index].conclude(outcome, at: now(), using: &random) }
                note(outcome, of: line)
            }
            if isStopping.load(ordering: .acquiring) { return }
            let deadline = machines.withLock { $0[index].deadline }
            timer = deadline.map { deadline in
                Task { [sleep, pause = max(.zero, deadline - now())] in
                    if (try? await sleep(pause)) != nil { line.wake.yield() }
                }
            }
        }
    }

    private func attempt(_ message: AlertMessage, on line: Line) async -> IncidentMachine.Outcome {
        guard line.deliveries.load(ordering: .relaxed) < limits.deliveriesMax else {
            return .failed(.retryable("\(limits.deliveriesMax) deliveries have not returned"))
        }
        line.deliveries.add(1, ordering: .relaxed)
        let outcome = await within(limits.deliveryTime, sleep: sleep) {
            defer { line.deliveries.subtract(1, ordering: .relaxed) }
            do throws(AlertDeliveryError) {
                try await line.channel.deliver(message)
                return IncidentMachine.Outcome.delivered
            } catch {
                return .failed(error)
            }
        }
        return outcome ?? .failed(.unknown("no answer within \(limits.deliveryTime)"))
    }

    private func note(_ outcome: IncidentMachine.Outcome, of line: Line) {
        let (counter, reason): (CounterSeries, String)
        switch outcome {
        case .delivered:
            line.delivered.add()
            return
        case .failed(.retryable(_, let text)): (counter, reason) = (line.refused, text)
        case .failed(.permanent(let text)): (counter, reason) = (line.refused, "for good: " + text)
        case .failed(.unknown(let text)): (counter, reason) = (line.unknown, "perhaps: " + text)
        }
        counter.add()
        logger.warning(
            "an alert was not delivered",
            metadata: [
                "channel": "\(line.channel.name)", "reason": "\(redactor.redacted(reason))",
            ])
    }
}
