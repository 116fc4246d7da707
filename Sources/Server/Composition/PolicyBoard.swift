// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import Resilience
import Supervision
import TellerProtocol
import Upstream

/// A policy an upstream works by, and where it comes from.
struct PolicyInEffect: Sendable, Equatable {
    let policy: RetryPolicy
    /// nil for the one the program was started with.
    let origin: PolicyVersion?

    /// 0 for the one the program was started with.
    var version: Int64 { origin?.version ?? 0 }
}

/// The retry policies of this instance's upstreams, which the store decides.
///
/// ```
///   retryPolicy.set ─► store ─► every instance's `policy-orders` ─► its upstreams
/// ```
///
/// While the store is away, and while it holds a policy that this program can't use, an upstream
/// keeps the policy it has.
actor PolicyBoard {
    /// How long after its call a policy is in effect on every instance, the store's time aside.
    static let pollInterval: Duration = .milliseconds(500)
    /// The child that follows the store.
    static let childName = "policy-orders"

    /// Why a policy was not set or read.
    enum Refusal: Error, Equatable {
        case unknownUpstream
        /// Of the policy that was to be set; never empty.
        case faults([RetryPolicy.Fault])
        /// Somebody else has set a policy meanwhile: this is the newest version.
        case conflict(current: Int64)
        /// There is no version of that number to return to.
        case unknownVersion
        /// There is, but this program can't use it.
        case unusableVersion
        /// In the store's words, for logs only. The policy may be set or not.
        case store(String)
    }

    /// Who sets a policy, why and when.
    struct Change: Sendable {
        /// The newest version the caller knows of.
        let expectedVersion: Int64
        /// Of this and the reason a store keeps the first 256 Unicode scalars.
        let author: String
        let reason: String
        /// Since the Unix epoch.
        let at: Duration
    }

    nonisolated let registry: UpstreamRegistry
    nonisolated let store: any PolicyStore
    private nonisolated let logger: Logger
    /// What was taken from the store, by upstream; those without work by their default.
    private var taken: [String: PolicyVersion] = [:]
    /// What was found unusable, so that it is logged once.
    private var refused: [String: PolicyVersion] = [:]
    /// How many policies were set here.
    private var changes = 0

    init(registry: UpstreamRegistry, store: any PolicyStore, logger: Logger) {
        self.registry = registry
        self.store = store
        self.logger = logger
    }

    /// Follows what is set on any instance.
    nonisolated var child: Child {
        Child(name: Self.childName) { context in
            while !context.isStopping {
                do throws(PolicyStoreError) {
                    try await self.follow()
                    context.waiting(for: nil)
                    context.progress("following")
                } catch {
                    // No failure: with a backoff it would be late when the store is back.
                    self.logger.debug("retry policies wait", metadata: ["error": "\(error)"])
                    context.waiting(for: .store)
                }
                await context.wait(atMost: Self.pollInterval)
                try Task.checkCancellation()
            }
        }
    }

    func inEffect(for upstream: Upstream) -> PolicyInEffect {
        PolicyInEffect(policy: upstream.policy.policy, origin: taken[upstream.name])
    }

    /// Takes what the store has, also when that is older than what is in effect: then it went back
    /// in time, and the instances must agree all the same.
    func follow() async throws(PolicyStoreError) {
        let before = changes
        let stored = try await store.policies()
        // What was set here meanwhile may be newer than what was read; the next look tells.
        guard changes == before else { return }
        let newest = Dictionary(stored.map { ($0.name, $0) }) { $1 }
        for upstream in registry.all {
            if let version = newest[upstream.name] {
                if version != taken[upstream.name] { take(version, for: upstream) }
            } else if taken.removeValue(forKey: upstream.name) != nil {
                upstream.reconfigure(upstream.defaultPolicy)
                logger.warning(
                    "retry policy lost", metadata: ["upstream": "\(upstream.name)"])
            }
        }
    }

    // MARK: - Setting

    /// Sets a policy, which is in effect here when this returns.
    ///
    /// Setting it again, as somebody does who has not heard the answer, is no conflict.
    func set(
        _ policy: RetryPolicy, of name: String, _ change: Change
    ) async throws(Refusal) -> PolicyInEffect {
        let upstream = try check(policy, of: name)
        let wanted = version(policy, of: name, change)
        let stored = try await keep(wanted)
        changes += 1
        // Another one may have overtaken it here.
        if stored.version > taken[name]?.version ?? 0 { take(stored, for: upstream) }
        return PolicyInEffect(policy: policy, origin: stored)
    }

    /// Finds what `set` would refuse, and sets nothing.
    ///
    /// - Returns: the policy that stays.
    func validate(
        _ policy: RetryPolicy, of name: String, _ change: Change
    ) async throws(Refusal) -> PolicyInEffect {
        let upstream = try check(policy, of: name)
        let newest = try await history(of: name, before: nil, limit: 1).first?.version ?? 0
        guard newest == change.expectedVersion else { throw .conflict(current: newest) }
        return inEffect(for: upstream)
    }

    /// Sets the policy that a version had.
    ///
    /// - Parameter version: 0 for the one the program was started with.
    func rollBack(
        to version: Int64, of name: String, _ change: Change
    ) async throws(Refusal) -> PolicyInEffect {
        guard let upstream = registry[name] else { throw .unknownUpstream }
        guard version > 0 else {
            return try await set(upstream.defaultPolicy.policy, of: name, change)
        }
        let row = try await history(of: name, before: version + 1, limit: 1).first
        guard let row, row.version == version else { throw .unknownVersion }
        let old: CheckedRetryPolicy
        do throws(Unusable) { old = try Self.read(row) } catch { throw .unusableVersion }
        return try await set(old.policy, of: name, change)
    }

    /// The versions of an upstream's policy below `before`, newest first.
    nonisolated func history(
        of name: String, before: Int64?, limit: Int
    ) async throws(Refusal) -> [PolicyVersion] {
        guard registry[name] != nil else { throw .unknownUpstream }
        do throws(PolicyStoreError) {
            return try await store.policyHistory(of: name, before: before, limit: limit)
        } catch {
            throw Refusal(error)
        }
    }

    private func check(_ policy: RetryPolicy, of name: String) throws(Refusal) -> Upstream {
        guard let upstream = registry[name] else { throw .unknownUpstream }
        do throws(CheckedRetryPolicy.Refusal) {
            _ = try CheckedRetryPolicy(policy)
        } catch {
            throw .faults(error.faults)
        }
        return upstream
    }

    private func version(
        _ policy: RetryPolicy, of name: String, _ change: Change
    ) -> PolicyVersion {
        // A scalar has at most four bytes.
        func cut(_ text: String) -> String {
            String(text.unicodeScalars.prefix(PolicyVersion.textBytesMax / 4))
        }
        let version = PolicyVersion(
            name: name, version: change.expectedVersion + 1,
            policy: RetryPolicyDocument(policy).stored, author: cut(change.author),
            reason: cut(change.reason), at: change.at)
        guard let version else { preconditionFailure("every text was cut or is short") }
        return version
    }

    private func keep(_ wanted: PolicyVersion) async throws(Refusal) -> PolicyVersion {
        do throws(PolicyStoreError) {
            try await store.setPolicy(wanted)
            return wanted
        } catch {
            guard case .conflict(wanted.version) = error else { throw Refusal(error) }
        }
        let newest = try await history(of: wanted.name, before: nil, limit: 1).first
        guard let newest, newest.isRepeated(by: wanted) else {
            throw .conflict(current: newest?.version ?? 0)
        }
        return newest
    }

    // MARK: - Taking

    /// Why a stored policy can't be used.
    struct Unusable: Error, CustomStringConvertible {
        let description: String
    }

    /// The policy of a stored version.
    static func read(_ version: PolicyVersion) throws(Unusable) -> CheckedRetryPolicy {
        let document: RetryPolicyDocument
        do throws(JSONError) {
            document = try RetryPolicyDocument(stored: version.policy)
        } catch {
            throw Unusable(description: error.description)
        }
        do throws(CheckedRetryPolicy.Refusal) {
            return try CheckedRetryPolicy(document.policy)
        } catch {
            throw Unusable(
                description: error.faults.map { "\($0.path) \($0.problem)" }
                    .joined(separator: "; "))
        }
    }

    private func take(_ version: PolicyVersion, for upstream: Upstream) {
        guard refused[upstream.name] != version else { return }
        var metadata: Logger.Metadata = [
            "upstream": "\(upstream.name)", "version": "\(version.version)",
            "by": "\(version.author)", "reason": "\(version.reason)",
        ]
        do throws(Unusable) {
            upstream.reconfigure(try Self.read(version))
            taken[upstream.name] = version
            refused[upstream.name] = nil
            logger.notice("retry policy", metadata: metadata)
        } catch {
            refused[upstream.name] = version
            metadata["problem"] = "\(error)"
            logger.error("retry policy kept out", metadata: metadata)
        }
    }
}

extension PolicyBoard.Refusal {
    fileprivate init(_ error: PolicyStoreError) {
        switch error {
        case .conflict(let current): self = .conflict(current: current)
        case .unavailable(let detail): self = .store(detail)
        }
    }
}

extension PolicyVersion {
    /// Whether the same person has set the same policy for the same reason, at whatever time.
    fileprivate func isRepeated(by other: PolicyVersion) -> Bool {
        version == other.version && policy == other.policy && author == other.author
            && reason == other.reason
    }
}
