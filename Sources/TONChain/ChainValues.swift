// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

package import TellerProtocol

/// Which transaction of an account: its logical time, by which they are in order, and its hash.
package struct TransactionReference: Hashable, Sendable {
    package static let hashBytes = 32

    package let lt: UInt64
    /// 32 bytes.
    package let hash: [UInt8]

    /// - Parameter hash: Exactly 32 bytes.
    package init(lt: UInt64, hash: [UInt8]) {
        precondition(hash.count == Self.hashBytes)
        self.lt = lt
        self.hash = hash
    }
}

/// The block of the masterchain an answer is as of.
package struct ChainBlock: Hashable, Sendable {
    package let seqno: UInt32
    /// When it was made, in seconds since the Unix epoch.
    package let time: Int64

    package init(seqno: UInt32, time: Int64) {
        self.seqno = seqno
        self.time = time
    }
}

/// An account as of one block: what it holds and what it is, read together.
package struct AccountState: Sendable, Equatable {
    package enum Status: String, Sendable {
        /// Nothing was ever deployed there; it may hold money all the same.
        case uninitialized
        case active
        /// The contract is put away for unpaid storage; money that comes is not lost.
        case frozen
    }

    package let balance: Nanotons
    package let status: Status
    /// BOCs; nil where there are none.
    package let code: [UInt8]?
    package let data: [UInt8]?
    /// The newest; nil when there was never one.
    package let lastTransaction: TransactionReference?
    package let block: ChainBlock
    /// The endpoint that said so.
    package let endpoint: String
}

/// A transaction as it came: who parses the BOC checks it against the reference.
package struct TransactionRow: Sendable, Equatable {
    package let reference: TransactionReference
    /// When it was made, in seconds since the Unix epoch.
    package let time: Int64
    /// The whole transaction.
    package let boc: [UInt8]

    package init(reference: TransactionReference, time: Int64, boc: [UInt8]) {
        self.reference = reference
        self.time = time
        self.boc = boc
    }
}

/// A value on the stack of a get-method.
package enum StackValue: Sendable, Equatable {
    /// In hexadecimal digits of lower case, with a minus sign where negative: `0x1f`, `-0x1`. It
    /// may have 257 bits.
    case number(String)
    /// A BOC: a cell or a slice.
    case cell([UInt8])
    /// Of another type, which is named: nothing of Teller's needs one.
    case other(String)
}

/// What a get-method gave.
package struct GetMethodResult: Sendable, Equatable {
    /// 0 and 1 are success, 11 is no such method, -13 and -14 are no contract.
    package let exitCode: Int
    package let stack: [StackValue]

    package var isSuccess: Bool { exitCode == 0 || exitCode == 1 }
}

/// What is known after a message was given to the chain.
///
/// Of the message itself none of them is proof. Accepted means that a node ran it against the
/// state it had and put it into its pool; it may never reach a block. Refused says nothing of an
/// earlier copy of the same bytes: exit codes 33 and 133 are what comes when one was executed.
package enum SendResult: Sendable, Equatable {
    /// - Parameter normalizedHash: 32 bytes; nil where the server doesn't tell it.
    case accepted(normalizedHash: [UInt8]?)
    /// - Parameters:
    ///   - exitCode: The contract's; nil when it did not run (no balance, no code, no message).
    ///   - reason: In the server's words, one line; for logs and for people.
    case refused(exitCode: Int?, reason: String)
    /// It may have reached the chain or not.
    case unknown(ChainError)
}

/// A transaction that a message led to, as the indexer has it. It is for tracing: the indexer runs
/// behind the chain, and what it lacks is proof of nothing.
package struct TracedTransaction: Sendable, Equatable {
    /// The account's address as it was written, in raw form.
    package let account: String
    package let reference: TransactionReference
    /// When it was made, in seconds since the Unix epoch.
    package let time: Int64
    /// Whether it had no effect but its fee.
    package let isAborted: Bool
    /// The masterchain block that has it.
    package let masterchainSeqno: UInt32?
}
