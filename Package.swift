// swift-tools-version: 6.2
// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// One settings list for every target: Swift 6, strict memory safety, no warnings.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// Tests get the same language mode and warnings, but may touch pointers freely.
let testSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let httpClient = Target.Dependency.product(
    name: "AsyncHTTPClient", package: "async-http-client")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let lifecycle = Target.Dependency.product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(
    name: "UnixSignals", package: "swift-service-lifecycle")
let metrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let inMemoryTracing = Target.Dependency.product(
    name: "InMemoryTracing", package: "swift-distributed-tracing")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")

func module(
    _ name: String, folder: String? = nil, _ dependencies: [Target.Dependency] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/\(folder ?? name)",
        swiftSettings: settings)
}

func tests(
    _ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, path: "Tests/\(name)", resources: resources,
        swiftSettings: testSettings)
}

let package = Package(
    name: "teller",
    products: [
        .library(name: "TellerClient", targets: ["TellerClient"]),
        .library(name: "TellerProtocol", targets: ["TellerProtocol"]),
        .executable(name: "teller", targets: ["TellerServer"]),
        .executable(name: "teller-contract", targets: ["ContractGenerator"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        // The C libraries: a module map and a shim, nothing else.
        .systemLibrary(
            name: "CNghttp2", path: "Sources/CNghttp2", pkgConfig: "libnghttp2",
            providers: [.apt(["libnghttp2-dev"])]),
        .systemLibrary(
            name: "COpenSSL", path: "Sources/COpenSSL", pkgConfig: "openssl",
            providers: [.apt(["libssl-dev"])]),
        .systemLibrary(
            name: "CLibpq", path: "Sources/CLibpq", pkgConfig: "libpq",
            providers: [.apt(["libpq-dev"])]),
        .systemLibrary(
            name: "CSQLite", path: "Sources/CSQLite", pkgConfig: "sqlite3",
            providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(
            name: "CJemalloc", path: "Sources/CJemalloc", pkgConfig: "jemalloc",
            providers: [.apt(["libjemalloc-dev"])]),

        // Pure foundations.
        module("TellerProtocol", folder: "Protocol"),
        module("HTTPMessages"),
        module("Resilience"),
        module("TON", [crypto, cryptoExtras]),

        // The wire.
        module("HTTP2", ["CNghttp2", "HTTPMessages", nioCore]),
        module("TLS", ["COpenSSL", nioCore]),
        module(
            "Transport", ["HTTP2", "HTTPMessages", "TLS", nioCore, nioPosix, nioHTTP1, logging]),

        module(
            "Upstream",
            [
                "Resilience", "TellerProtocol", httpClient, nioCore, nioPosix, nioHTTP1, nioSSL,
                tracing,
            ]),

        // The chain.
        module("TONChain", ["Resilience", "TON", "TellerProtocol", "Upstream"]),

        // The marketplaces.
        module(
            "Marketplaces",
            ["Resilience", "TON", "TellerProtocol", "Upstream", crypto, cryptoExtras]),

        // The money.
        module("Ledger", ["TellerProtocol", crypto, logging]),
        module(
            "SQLiteStore",
            [
                "Ledger", "Resilience", "Supervision", "TellerProtocol", "CSQLite", grdb,
                grdbSQLite, crypto,
            ]),
        module(
            "PostgresStore",
            [
                "Ledger", "Resilience", "Supervision", "TellerProtocol", "CLibpq", crypto, logging,
            ]),

        // The service.
        module("RPC", ["TellerProtocol", "HTTPMessages", "Telemetry", crypto, logging, tracing]),
        module("Supervision", ["Resilience", lifecycle, logging]),
        module(
            "MarketKeeping",
            [
                "Ledger", "Marketplaces", "Supervision", "TON", "TellerProtocol", "Workers",
                logging,
            ]),
        module(
            "TONPayments",
            [
                "Ledger", "Supervision", "TON", "TONChain", "TellerProtocol", "Workers", logging,
            ]),
        module(
            "Telemetry", ["Resilience", "TellerProtocol", lifecycle, logging, metrics, tracing]),
        module(
            "Workers",
            [
                "Ledger", "Resilience", "Supervision", "TellerProtocol", crypto, logging, tracing,
            ]),
        module(
            "TellerClient", folder: "Client",
            [
                "TellerProtocol", "Resilience", "HTTPMessages", "HTTP2", "TLS", nioCore, nioPosix,
                crypto,
            ]),
        .executableTarget(
            name: "TellerServer",
            dependencies: [
                "CJemalloc", "TellerProtocol", "TellerClient", "RPC", "Transport", "HTTPMessages",
                "Ledger", "SQLiteStore", "PostgresStore", "Resilience", "Supervision", "Telemetry",
                "MarketKeeping", "Marketplaces", "Upstream", "Workers", "TON", "TONChain",
                "TONPayments", "TLS", "HTTP2", arguments, lifecycle, logging, nioCore, signals,
                tracing, yams,
            ],
            path: "Sources/Server", swiftSettings: settings),
        .executableTarget(
            name: "ContractGenerator", dependencies: ["TellerProtocol", arguments],
            path: "Sources/ContractGenerator", swiftSettings: settings),

        // Measurements.
        .executableTarget(
            name: "CodecBenchmark", dependencies: ["TellerProtocol"], path: "Benchmarks/Codec",
            swiftSettings: settings),
        .executableTarget(
            name: "TONBenchmark", dependencies: ["TON"], path: "Benchmarks/TON",
            exclude: ["payouts.py"],
            swiftSettings: settings),
        .executableTarget(
            name: "PayoutBenchmark",
            dependencies: [
                "Ledger", "PostgresStore", "SQLiteStore", "Supervision", "TON", "TONPayments",
                "TellerProtocol", "Workers", logging,
            ],
            path: "Benchmarks/Payouts", swiftSettings: settings),
        .executableTarget(
            name: "RPCBenchmark", dependencies: ["RPC", "HTTPMessages", "TellerProtocol", logging],
            path: "Benchmarks/RPC", swiftSettings: settings),
        .executableTarget(
            name: "WithdrawBenchmark", dependencies: ["TellerProtocol", nioCore, nioPosix],
            path: "Benchmarks/Withdraw",
            exclude: [
                "accounts.sql", "auctions.sql", "call.sql", "function.sql", "sqlite_peer.py",
                "transaction.sql",
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "StoreBenchmark",
            dependencies: ["PostgresStore", "Ledger", "TellerProtocol", logging],
            path: "Benchmarks/Store", swiftSettings: settings),
        .target(name: "AllocationCounter", path: "Benchmarks/Allocations"),
        .executableTarget(
            name: "ResilienceBenchmark", dependencies: ["AllocationCounter", "Resilience"],
            path: "Benchmarks/Resilience", swiftSettings: settings),
        .executableTarget(
            name: "TransportBenchmark",
            dependencies: ["Transport", "HTTPMessages", "TLS", nioCore, logging],
            path: "Benchmarks/Transport", swiftSettings: settings),
        .executableTarget(
            name: "SupervisionBenchmark",
            dependencies: ["HTTPMessages", "RPC", "Resilience", "Supervision", logging],
            path: "Benchmarks/Supervision", swiftSettings: settings),

        // Tests.
        .target(
            name: "TestSupport",
            dependencies: [
                "HTTPMessages", "Ledger", "Resilience", "Supervision", "TellerProtocol", httpClient,
                nioCore, nioPosix, nioSSL,
            ],
            path: "Tests/Support", swiftSettings: testSettings),
        tests(
            "SupervisionTests", ["Supervision", "Resilience", "TestSupport", lifecycle, logging]),
        tests(
            "TelemetryTests",
            [
                "Telemetry", "Resilience", "TellerProtocol", "TestSupport", lifecycle, logging,
                metrics, tracing,
            ]),
        tests(
            "WorkersTests",
            [
                "Workers", "Ledger", "Resilience", "SQLiteStore", "Supervision", "TellerProtocol",
                "TestSupport", inMemoryTracing, logging, tracing,
            ]),
        tests("LedgerTests", ["Ledger", "TellerProtocol", "TestSupport"]),
        tests(
            "ServerTests",
            [
                "TellerServer", "TellerClient", "TellerProtocol", "HTTPMessages", "PostgresStore",
                "Ledger", "RPC", "Resilience", "SQLiteStore", "Supervision", "TON", "TONChain",
                "TONPayments", "Telemetry", "TestSupport", "Transport", "Upstream", "Workers",
                logging,
            ]),
        tests(
            "StoreTests",
            [
                "Ledger", "Resilience", "SQLiteStore", "PostgresStore", "Supervision",
                "TellerProtocol", "TestSupport", grdb, logging,
            ]),
        tests("TONTests", ["TON", "TestSupport", crypto], resources: [.copy("Fixtures")]),
        tests(
            "TONChainTests",
            [
                "TONChain", "Resilience", "Supervision", "TON", "TONPayments", "TellerProtocol",
                "TestSupport", "Upstream",
            ]),
        tests(
            "MarketplacesTests",
            ["Marketplaces", "Resilience", "TON", "TellerProtocol", "TestSupport", "Upstream"]),
        tests(
            "MarketKeepingTests",
            [
                "Ledger", "MarketKeeping", "Marketplaces", "Supervision", "TON", "TellerProtocol",
                "TestSupport", logging,
            ]),
        tests(
            "RPCTests",
            [
                "RPC", "Transport", "HTTP2", "TestSupport", "TellerProtocol", "Telemetry",
                "HTTPMessages", inMemoryTracing, nioCore, nioPosix, logging, tracing,
            ], resources: [.copy("Fixtures")]),
        tests(
            "HTTP2Tests", ["HTTP2", "HTTPMessages", "TestSupport", nioCore, nioEmbedded]),
        tests(
            "TransportTests",
            [
                "Transport", "HTTP2", "HTTPMessages", "TLS", "TestSupport", nioCore, nioPosix,
                logging,
            ]),
        tests(
            "ContractGeneratorTests",
            ["ContractGenerator", "TellerProtocol", "TestSupport", arguments],
            resources: [.copy("Fixtures")]),
        tests(
            "ProtocolTests", ["TellerProtocol", "TestSupport"], resources: [.copy("Fixtures")]),
        tests("StyleTests", []),
        tests("ResilienceTests", ["Resilience", "TestSupport"]),
        tests(
            "UpstreamTests",
            [
                "Upstream", "Resilience", "Telemetry", "TellerProtocol", "TestSupport", nioCore,
                nioPosix, nioSSL, tracing,
            ]),
        // Is killed by ClientTests.
        .executableTarget(
            name: "JournalCrasher",
            dependencies: ["TellerClient", "TellerProtocol", "HTTPMessages"],
            path: "Tests/JournalCrasher", swiftSettings: testSettings),
        tests(
            "ClientTests",
            [
                "TellerClient", "TellerProtocol", "HTTPMessages", "Transport", "TLS", "TestSupport",
                nioCore, nioPosix, logging,
            ]),
        tests("TLSTests", ["TLS", "TestSupport", nioCore, nioEmbedded, nioPosix]),
    ],
    swiftLanguageModes: [.v6]
)
