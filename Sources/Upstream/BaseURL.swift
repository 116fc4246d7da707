// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Where an upstream is: `https://host[:port][/prefix]`.
///
/// Read by hand and strictly, so that what is compared with a redirect's target is what is dialled.
package struct BaseURL: Sendable, Equatable {
    /// Why a text is no base URL. It does not quote the text, which may hold a secret.
    package struct Fault: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// The longest text that is read.
    package static let textBytesMax = 2_048

    let origin: Origin
    /// Empty, or begins with a slash and ends without one.
    let pathPrefix: String

    /// - Parameter text: With scheme `https`, or `http`, which is for loopback and for gateways
    ///   beside the service: everything, credentials too, goes over it in clear. Without user,
    ///   query and fragment.
    package init(_ text: String) throws(Fault) {
        guard text.utf8.count <= Self.textBytesMax else { throw Fault(description: "is too long") }
        guard let (origin, rest) = Origin.split(text) else {
            throw Fault(description: "must begin with https:// or http:// and a host")
        }
        guard rest.isEmpty || rest.first == "/", rest.utf8.allSatisfy(PercentEncoding.isPathByte)
        else { throw Fault(description: "must go on with a path and nothing else") }
        self.origin = origin
        var prefix = rest
        while prefix.last == "/" { prefix.removeLast() }
        pathPrefix = String(prefix)
    }

    /// Whether others can read what is sent there, credentials too: `http` beyond loopback.
    package var isInClear: Bool {
        let isLoopback =
            origin.host == "localhost" || origin.host == "[::1]" || origin.host.hasPrefix("127.")
        return origin.scheme == "http" && !isLoopback
    }
}

/// Scheme, host and port: what two URLs must share before credentials for the one may go to the
/// other (RFC 6454 section 4).
struct Origin: Sendable, Equatable {
    let scheme: String
    /// In lower case; an IPv6 address keeps its brackets.
    let host: String
    let port: Int

    /// The origin as a URL begins with it.
    var text: String {
        port == Self.defaultPort(scheme) ? "\(scheme)://\(host)" : "\(scheme)://\(host):\(port)"
    }

    /// Takes an absolute URL apart.
    ///
    /// - Returns: The origin and what follows the authority; nil for any other scheme, an
    ///   authority with a user, or one that is none.
    static func split(_ text: some StringProtocol) -> (Origin, rest: Substring)? {
        let text = Substring(text)
        guard let end = text.firstRange(of: "://") else { return nil }
        let scheme = text[..<end.lowerBound].lowercased()
        guard let defaultPort = defaultPort(scheme) else { return nil }
        let after = text[end.upperBound...]
        let authority = after.prefix { !"/?#".contains($0) }
        guard let (host, port) = hostAndPort(authority) else { return nil }
        let origin = Origin(scheme: scheme, host: host, port: port ?? defaultPort)
        return (origin, after[authority.endIndex...])
    }

    private static func defaultPort(_ scheme: String) -> Int? {
        switch scheme {
        case "https": 443
        case "http": 80
        default: nil
        }
    }

    private static func hostAndPort(_ authority: Substring) -> (host: String, port: Int?)? {
        let host: Substring
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[...end]
            guard host.dropFirst().dropLast().utf8.allSatisfy(isAddressByte) else { return nil }
        } else {
            host = authority.prefix { $0 != ":" }
            guard host.utf8.allSatisfy(isHostByte) else { return nil }
        }
        guard (1...255).contains(host.utf8.count), host != "[]" else { return nil }
        let rest = authority[host.endIndex...]
        if rest.isEmpty { return (host.lowercased(), nil) }
        let digits = rest.dropFirst()
        guard rest.first == ":", (1...5).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let port = Int(digits), (1...65_535).contains(port)
        else { return nil }
        return (host.lowercased(), port)
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func isAddressByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: ":"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
