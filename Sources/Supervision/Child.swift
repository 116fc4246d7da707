// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

/// A piece of work that is kept running.
package struct Child: Sendable {
    /// Runs until asked to stop; it may throw or be cancelled at any time, and is then run again.
    package typealias Body = @Sendable (ChildContext) async throws -> Void

    /// Unique within its supervisor; it names the child in logs, status and controls, and its
    /// lease.
    package let name: String
    package let policy: ChildPolicy
    package let scope: ChildScope
    /// The children it needs: it starts once they run, and is stopped before one of them is.
    package let needs: [String]
    package let body: Body

    package init(
        name: String, policy: ChildPolicy = ChildPolicy(), scope: ChildScope = .everyInstance,
        needs: [String] = [], body: @escaping Body
    ) {
        self.name = name
        self.policy = policy
        self.scope = scope
        self.needs = needs
        self.body = body
    }
}

/// Where in the cluster a child runs.
package enum ChildScope: String, Sendable, CaseIterable {
    case everyInstance
    /// On the one instance that holds the lease with the child's name.
    case leader
}
