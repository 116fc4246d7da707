// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import RPC
import TellerProtocol

/// `service.*`: what is running.
struct InformationHandler: InformationService {
    static let version = ContractDocument.version

    let environment: ServerConfiguration.Environment
    let startedAt: Timestamp
    let limits: RPCLimits

    var info: ServiceInfoResult {
        ServiceInfoResult(
            name: "teller", version: Self.version, environment: environment.rawValue,
            startedAt: startedAt,
            limits: ServiceLimits(
                bodyBytesMax: limits.bodyBytesMax, batchElementsMax: limits.batchElementsMax,
                nestingDepthMax: limits.nestingDepthMax,
                deadlineMillisecondsMax: Int(limits.deadlineMax.wholeMilliseconds),
                callsInFlightMax: limits.callsInFlightMax,
                callsInFlightPerConnectionMax: limits.callsInFlightPerConnectionMax,
                streamsPerConnectionMax: limits.streamsPerConnectionMax))
    }
}
