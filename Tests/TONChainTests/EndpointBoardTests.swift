// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import TONChain

@Suite struct EndpointBoardTests {
    private func block(_ seqno: UInt32) -> ChainBlock {
        ChainBlock(seqno: seqno, time: 1_000 + 5 * Int64(seqno))
    }

    @Test func `what is older than anything seen is stale, whoever shows it`() {
        var board = EndpointBoard(["one", "two"])
        #expect(board.note(block(10), of: 0) == nil)
        #expect(board.note(block(10), of: 1) == nil)
        #expect(board.note(block(8), of: 1) == .seconds(10))
        #expect(board.note(block(9), of: 0) == .seconds(5))
        #expect(board.newest == block(10))
        #expect(board.note(block(11), of: 1) == nil && board.newest == block(11))
        // A newer number with an older time is one that can't be.
        #expect(board.note(ChainBlock(seqno: 12, time: 1_000), of: 0) != nil)
    }

    @Test func `what is known from elsewhere counts as seen`() {
        var board = EndpointBoard(["one"])
        #expect(board.note(block(3), of: 0, notBefore: block(7)) == .seconds(20))
        #expect(board.note(block(6), of: 0) == .seconds(5))
        #expect(board.note(block(7), of: 0) == nil)
    }

    @Test func `the healthy are asked first, then the less behind, then as configured`() {
        var board = EndpointBoard(["one", "two", "three"])
        #expect(board.order == [0, 1, 2] && board.usable == [0, 1, 2])
        _ = board.note(block(9), of: 2)
        _ = board.note(block(5), of: 0)
        _ = board.note(block(9), of: 1)
        #expect(board.order == [1, 2, 0])
        board.noteFailure(of: 1, "it broke")
        #expect(board.order == [2, 0, 1] && board.usable == [0, 2])
        #expect(!board.statuses[1].isHealthy && board.statuses[1].lastError == "it broke")
        board.noteFailure(of: 0, "so did it")
        board.noteFailure(of: 2, "and it")
        #expect(board.usable == [0, 1, 2])
        board.noteSuccess(of: 1)
        #expect(board.order.first == 1 && board.statuses[1].lastError == "it broke")
    }
}
