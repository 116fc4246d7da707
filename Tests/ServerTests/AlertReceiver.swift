// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// Telegram, or a webhook's receiver, as far as alerts see it: it does what a list of steps says,
/// then it accepts everything.
final class AlertReceiver: Sendable {
    /// The body of `sendMessage`, and of a webhook's post.
    private struct Body: Decodable {
        var chat_id: String?
        let text: String
    }

    struct Message: Sendable {
        let text: String
        let request: SeenRequest
        let at: Date
        /// Whether it was answered as taken.
        let isAccepted: Bool

        /// `opened`, `recovered`, …: how the id ends.
        func isAbout(_ incident: String, _ event: String) -> Bool {
            text.contains(" · \(incident)\n") && id.hasSuffix("-\(event)")
        }

        var id: String { String(text.split(separator: "\n").last ?? "") }
        var mayRepeat: Bool { text.contains("This may be a repetition.") }
    }

    static let accepted = Step.answer(200, #"{"ok":true,"result":{"message_id":1}}"#)

    private let steps: Shared<[[Step]]>
    private let kept = Shared<[Message]>([])

    /// - Parameter steps: what it does about the first requests.
    init(_ steps: [[Step]] = []) { self.steps = Shared(steps) }

    /// Everything that came, in order.
    var messages: [Message] { kept.withLock { $0 } }
    var accepted: [Message] { messages.filter(\.isAccepted) }

    func count(_ incident: String, _ event: String) -> Int {
        accepted.count { $0.isAbout(incident, event) }
    }

    var script: ScriptedServer.Script {
        { [self] request, _ in
            let step = steps.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            let body = try? JSONDecoder().decode(Body.self, from: Data(request.body.utf8))
            let message = Message(
                text: body?.text ?? "", request: request, at: Date(), isAccepted: step == nil)
            kept.withLock { $0.append(message) }
            return step ?? Self.accepted
        }
    }
}
