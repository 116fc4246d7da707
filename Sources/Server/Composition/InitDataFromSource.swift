// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Marketplaces

/// Reads an account's `InitData` when it is first needed and whenever it was refused, so that
/// whoever renews it need only write the file anew.
struct InitDataFromSource: InitDataSource {
    /// Line ends around it are allowed.
    private static let textBytesMax = InitData.bytesMax + 16

    private let source: SecretSource

    init(_ source: SecretSource) { self.source = source }

    func initData(replacing refused: InitData?) async throws -> InitData {
        let source = source
        let bytes = try await withCheckedThrowingContinuation { waiter in
            // A command blocks the thread it is waited for on.
            DispatchQueue.global().async {
                waiter.resume(with: Result { try source.bytes(max: Self.textBytesMax) })
            }
        }
        let text = String(decoding: bytes, as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        guard let initData = InitData(text) else { throw Malformed() }
        return initData
    }

    /// It says nothing of what was read.
    struct Malformed: Error, CustomStringConvertible {
        let description = "what was read is no initData"
    }
}
