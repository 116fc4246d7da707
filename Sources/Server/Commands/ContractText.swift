// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import TellerProtocol

/// The embedded contract, for people.
enum ContractText {
    static var pretty: String {
        (try? JSONValue.parse(Array(ContractDocument.json.utf8)).prettyText())
            ?? ContractDocument.json
    }
}
