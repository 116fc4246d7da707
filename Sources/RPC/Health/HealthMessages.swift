// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The messages of `grpc.health.v1` (grpc/grpc-proto `grpc/health/v1/health.proto`) in the
/// protobuf wire format: little enough to be written by hand.
enum HealthMessages {
    enum ServingStatus: UInt8 {
        case unknown = 0
        case serving = 1
        case notServing = 2
        /// Used by Watch alone.
        case serviceUnknown = 3
    }

    /// Reads `HealthCheckRequest { string service = 1; }`. Unknown fields are skipped; of a field
    /// that stands twice the last one counts, as protobuf has it.
    ///
    /// - Throws: `INVALID_ARGUMENT` for bytes that are no protobuf message.
    static func service(inCheckRequest message: ArraySlice<UInt8>) throws(GRPCStatus) -> String {
        var service = ""
        var rest = message
        while !rest.isEmpty {
            let tag = try readVarint(&rest)
            guard tag >> 3 != 0, tag >> 3 < 1 << 29 else { throw malformed }
            switch tag & 7 {
            case 0: _ = try readVarint(&rest)
            case 1: _ = try take(8, of: &rest)
            case 2:
                let bytes = try take(try readVarint(&rest), of: &rest)
                guard tag >> 3 == 1 else { continue }
                guard let text = String(validating: bytes, as: UTF8.self) else { throw malformed }
                service = text
            case 5: _ = try take(4, of: &rest)
            default: throw malformed
            }
        }
        return service
    }

    /// `HealthCheckResponse { ServingStatus status = 1; }`; zero is not written.
    static func checkResponse(_ status: ServingStatus) -> [UInt8] {
        status == .unknown ? [] : [0x08, status.rawValue]
    }

    /// `HealthListResponse { map<string, HealthCheckResponse> statuses = 1; }`.
    static func listResponse(_ statuses: [(service: String, status: ServingStatus)]) -> [UInt8] {
        statuses.flatMap { service, status in
            lengthDelimited(
                field: 1,
                lengthDelimited(field: 1, Array(service.utf8))
                    + lengthDelimited(field: 2, checkResponse(status)))
        }
    }

    private static let malformed = GRPCStatus(.invalidArgument, "the message is not valid protobuf")

    private static func lengthDelimited(field: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        precondition(bytes.count < 128, "a longer one needs a longer length")
        return [field << 3 | 2, UInt8(bytes.count)] + bytes
    }

    private static func readVarint(_ bytes: inout ArraySlice<UInt8>) throws(GRPCStatus) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = bytes.popFirst() else { throw malformed }
            guard shift < 63 || byte <= 1 else { throw malformed }
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
        }
        throw malformed
    }

    private static func take(_ count: UInt64, of bytes: inout ArraySlice<UInt8>) throws(GRPCStatus)
        -> ArraySlice<UInt8>
    {
        guard count <= UInt64(bytes.count) else { throw malformed }
        defer { bytes = bytes.dropFirst(Int(count)) }
        return bytes.prefix(Int(count))
    }
}
