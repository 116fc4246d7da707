// swift-tools-version: 6.2
// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// A package of somebody else that uses Teller's client; see `scripts/external-client`.
let package = Package(
    name: "external-client",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "teller", path: "../../..")],
    targets: [
        .executableTarget(
            name: "ExternalClient",
            dependencies: [.product(name: "TellerClient", package: "teller")])
    ],
    swiftLanguageModes: [.v6]
)
