// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// A permission the contract names for a method, `withdraw:write` for one.
package struct Scope: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    package let text: String

    package init(_ text: String) { self.text = text }
    package init(stringLiteral text: String) { self.text = text }

    package var description: String { text }
}

/// Who calls: the bearer of a token, the subject of a client certificate, or anybody on a server
/// that runs without tokens.
package final class Principal: Sendable {
    /// For logs and the audit trail; never a secret.
    package let name: String
    package let tenant: TenantID
    /// nil: everything is allowed.
    private let scopes: Set<Scope>?

    /// - Parameter scopes: what the principal may do; nil for everything.
    package init(name: String, tenant: TenantID, scopes: Set<Scope>?) {
        self.name = name
        self.tenant = tenant
        self.scopes = scopes
    }

    /// The principal of a server that runs without tokens on loopback: it may do everything.
    package static let anonymous = Principal(name: "anonymous", tenant: .standard, scopes: nil)

    package func isAllowed(_ scope: Scope) -> Bool {
        guard let scopes else { return true }
        return scopes.contains(scope)
    }
}
