// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import Supervision
import Synchronization
import TestSupport

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Is raised once.
final class Flag: Sendable {
    private let state = Atomic(false)

    var isRaised: Bool { state.load(ordering: .acquiring) }

    func raise() { state.store(true, ordering: .releasing) }
}

extension ManualTime {
    var steady: SteadyTime {
        SteadyTime(
            now: { self.now },
            sleep: { duration in
                await withCheckedContinuation { waiter in
                    self.after(duration) { waiter.resume() }
                }
            })
    }
}

/// Looks again until `condition` holds; the suite's time limit ends a wait in vain.
func eventually(_ condition: () -> Bool) async {
    while !condition() { try? await Task.sleep(for: .milliseconds(1)) }
}

/// A body that lives until it is asked to stop.
func untilStopped(_ context: ChildContext) async {
    while !context.isStopping {
        context.heartbeat()
        await context.wait(atMost: .seconds(60))
    }
}
