// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// The parts of an endpoint's URL.
struct Endpoint: Sendable, Equatable {
    var isEncrypted: Bool
    /// A name or an IP address, without the brackets of IPv6.
    var host: String
    var port: Int
    var path: String

    /// The `:authority` of requests (RFC 9113 section 8.3.1).
    var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isEncrypted ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// Reads `http[s]://host[:port][/path]`; user names, queries and fragments have no place.
    init(_ url: String) throws(TellerError) {
        func refuse(_ problem: String) -> TellerError {
            .invalidArgument("endpoint \(url.prefix(200)): \(problem)")
        }
        var rest = url[...]
        if rest.hasPrefix("https://") {
            isEncrypted = true
        } else if rest.hasPrefix("http://") {
            isEncrypted = false
        } else {
            throw .invalidArgument("an endpoint begins with https:// or http://")
        }
        rest = rest.dropFirst(isEncrypted ? 8 : 7)
        guard rest.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            !rest.contains(where: { "@?#\\".contains($0) })
        else { throw .invalidArgument("an endpoint is scheme, host, port and path only") }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var place = rest[..<slash]
        let path = rest[slash...]
        self.path = path.isEmpty || path == "/" ? "/rpc" : String(path)
        if place.first == "[" {
            guard let end = place.firstIndex(of: "]") else { throw refuse("] is missing") }
            host = String(place[place.index(after: place.startIndex)..<end])
            place = place[place.index(after: end)...]
        } else {
            let colon = place.firstIndex(of: ":") ?? place.endIndex
            host = String(place[..<colon])
            place = place[colon...]
        }
        guard !host.isEmpty else { throw refuse("the host is missing") }
        if place.isEmpty {
            port = isEncrypted ? 443 : 80
        } else {
            guard place.first == ":", let port = UInt16(place.dropFirst()), port > 0 else {
                throw refuse("the port is not a number from 1 to 65535")
            }
            self.port = Int(port)
        }
    }
}
