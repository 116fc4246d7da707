// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The `grpc-timeout` header (gRPC over HTTP/2, "Request-Headers": TimeoutValue, TimeoutUnit).
enum GRPCTimeout {
    /// Reads at most 8 digits and a unit of `H M S m u n`; nil for anything else.
    static func duration(_ text: ArraySlice<UInt8>) -> Duration? {
        guard let unit = text.last, (1...8).contains(text.count - 1) else { return nil }
        var value: Int64 = 0
        for byte in text.dropLast() {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        return switch unit {
        case UInt8(ascii: "H"): .seconds(value * 3600)
        case UInt8(ascii: "M"): .seconds(value * 60)
        case UInt8(ascii: "S"): .seconds(value)
        case UInt8(ascii: "m"): .milliseconds(value)
        case UInt8(ascii: "u"): .microseconds(value)
        case UInt8(ascii: "n"): .nanoseconds(value)
        default: nil
        }
    }
}
