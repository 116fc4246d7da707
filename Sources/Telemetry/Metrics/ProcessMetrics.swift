// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The process's own figures under the names every Prometheus client uses
/// (<https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>).
package enum ProcessMetrics {
    package static let cpuSeconds = MetricFamily(
        .counter, "process_cpu_seconds_total", "User and system CPU time spent.")
    package static let residentBytes = MetricFamily(
        .gauge, "process_resident_memory_bytes", "Resident memory size.")
    package static let virtualBytes = MetricFamily(
        .gauge, "process_virtual_memory_bytes", "Virtual memory size.")
    package static let threads = MetricFamily(
        .gauge, "process_threads", "Threads of the operating system.")
    package static let startTime = MetricFamily(
        .gauge, "process_start_time_seconds", "Start time of the process since the Unix epoch.")
    package static let openDescriptors = MetricFamily(
        .gauge, "process_open_fds", "Open file descriptors.")
    package static let descriptorsMax = MetricFamily(
        .gauge, "process_max_fds", "Largest possible number of open file descriptors.")

    package static let families = [
        cpuSeconds, residentBytes, virtualBytes, threads, startTime, openDescriptors,
        descriptorsMax,
    ]

    /// Reads `/proc` at each scrape; where there is none, only the limit is known.
    package static var collector: MetricsCollector {
        MetricsCollector(name: "process", families: families) { samples in
            if let text = SystemCalls.text(of: "/proc/self/stat"), let stat = ProcessStat(text) {
                add(stat, to: &samples)
            }
            // The one that counts them is open as well.
            if let open = SystemCalls.entries(of: "/proc/self/fd") {
                samples.add(openDescriptors, [], open - 1)
            }
            if let limit = SystemCalls.descriptorsMax { samples.add(descriptorsMax, [], limit) }
        }
    }

    private static let bootTime = SystemCalls.text(of: "/proc/stat").flatMap(ProcessStat.bootTime)

    private static func add(_ stat: ProcessStat, to samples: inout CollectedSamples) {
        let ticks = Double(SystemCalls.ticksPerSecond)
        samples.add(cpuSeconds, [], .real(Double(stat.cpuTicks) / ticks))
        samples.add(residentBytes, [], stat.residentPages * SystemCalls.pageBytes)
        samples.add(virtualBytes, [], stat.virtualBytes)
        samples.add(threads, [], stat.threads)
        if let bootTime {
            samples.add(startTime, [], .real(Double(bootTime) + Double(stat.startTicks) / ticks))
        }
    }
}

/// The fields of `/proc/self/stat` that matter here (proc(5)).
struct ProcessStat: Equatable {
    let cpuTicks: Int
    let threads: Int
    /// After the boot.
    let startTicks: Int
    let virtualBytes: Int
    let residentPages: Int

    /// Nil for what is no such file.
    init?(_ text: String) {
        // The command's name stands in parentheses and may hold anything, these included.
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split { $0 == " " || $0 == "\n" }
        // The first of them is field 3.
        func field(_ number: Int) -> Int? {
            fields.indices.contains(number - 3) ? Int(fields[number - 3]) : nil
        }
        guard let user = field(14), let system = field(15), let threads = field(20),
            let start = field(22), let virtual = field(23), let resident = field(24)
        else { return nil }
        cpuTicks = user + system
        self.threads = threads
        startTicks = start
        virtualBytes = virtual
        residentPages = resident
    }

    /// When the machine started, in seconds since the Unix epoch, as `/proc/stat` says.
    static func bootTime(_ text: String) -> Int? {
        text.split(separator: "\n").first { $0.hasPrefix("btime ") }.flatMap {
            Int($0.dropFirst("btime ".count))
        }
    }
}
