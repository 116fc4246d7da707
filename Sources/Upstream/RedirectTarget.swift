// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// Where a redirect leads, when it may be followed (RFC 9110 section 10.2.2, RFC 3986 section 5).
enum RedirectTarget {
    /// A longer field is refused.
    static let locationBytesMax = 4_096

    /// The path and query of the target.
    ///
    /// Only the origin the call was for will do: to another host the credentials must not go,
    /// and a change of scheme, be it for the better, shows a wrong base URL, which has already
    /// sent them in clear.
    ///
    /// - Parameters:
    ///   - location: The header field.
    ///   - path: Of the request that was answered, without its query.
    /// - Returns: nil when it must not be followed.
    static func path(_ location: String, from path: String, at origin: Origin) -> String? {
        guard location.utf8.count <= locationBytesMax,
            // A backslash is a slash to some and to others not.
            location.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
        else { return nil }
        let reference = location.prefix { $0 != "#" }
        if reference.hasPrefix("//") {
            return absolute("\(origin.scheme):\(reference)", at: origin)
        }
        if reference.hasPrefix("/") { return String(reference) }
        if reference.hasPrefix("?") { return path + reference }
        // A colon in the first segment is a scheme's.
        if reference.prefix(while: { !"/?".contains($0) }).contains(":") {
            return absolute(String(reference), at: origin)
        }
        guard !reference.isEmpty, let slash = path.lastIndex(of: "/") else { return nil }
        return String(path[...slash]) + reference
    }

    private static func absolute(_ url: String, at origin: Origin) -> String? {
        guard let (target, rest) = Origin.split(url), target == origin else { return nil }
        return rest.hasPrefix("/") ? String(rest) : "/" + rest
    }
}
