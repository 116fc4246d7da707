// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import TellerProtocol
internal import Upstream

extension AccountState {
    init(_ result: AnswerValue, endpoint: String) throws(JSONError) {
        balance = try result.member("balance").nanotons
        let state = try result.member("state")
        status =
            switch try state.string {
            case "uninitialized", "uninit", "nonexist": .uninitialized
            case "active": .active
            case "frozen": .frozen
            default: throw state.refused("is no state of an account")
            }
        code = try result.optionalBOC("code")
        data = try result.optionalBOC("data")
        lastTransaction = try result.member("last_transaction_id").reference
        block = ChainBlock(
            seqno: try result.member("block_id").member("seqno").number(),
            time: try result.member("sync_utime").number())
        self.endpoint = endpoint
    }
}

extension TransactionRow {
    init(_ row: AnswerValue) throws(JSONError) {
        let identity = try row.member("transaction_id")
        guard let reference = try identity.reference else {
            throw identity.refused("is no transaction")
        }
        guard let boc = try row.optionalBOC("data") else {
            throw row.refused("lacks the transaction's bytes")
        }
        self.init(reference: reference, time: try row.member("utime").number(), boc: boc)
    }
}

extension TracedTransaction {
    init(_ row: AnswerValue) throws(JSONError) {
        guard let reference = try row.reference else { throw row.refused("is no transaction") }
        self.reference = reference
        account = try row.member("account").string
        time = try row.member("now").number()
        isAborted = try row.member("description").member("aborted").bool
        masterchainSeqno = try row.optionalMember("mc_block_seqno").map {
            (value) throws(JSONError) in try value.number()
        }
    }
}

extension GetMethodResult {
    /// Values on a stack; contracts give a few.
    private static let stackMax = 256

    init(_ result: AnswerValue) throws(JSONError) {
        exitCode = try result.member("exit_code").number()
        let entries = try result.member("stack")
        var stack: [StackValue] = []
        for entry in try entries.elements {
            guard stack.count < Self.stackMax else { throw entries.refused("is too long") }
            stack.append(try StackValue(entry))
        }
        self.stack = stack
    }
}

extension StackValue {
    /// `["num","0x1"]`, `["cell",{"bytes":BOC}]`.
    init(_ entry: AnswerValue) throws(JSONError) {
        let parts = try entry.elements
        guard let type = parts.first else { throw entry.refused("is empty") }
        let typeName = try type.string
        switch typeName {
        case "num", "int":
            guard parts.count == 2 else { throw entry.refused("has no value") }
            self = .number(try Self.number(parts[1]))
        case "cell", "slice":
            guard parts.count == 2, let boc = try parts[1].optionalBOC("bytes") else {
                throw entry.refused("has no bytes")
            }
            self = .cell(boc)
        default: self = .other(String(typeName.prefix(32)))
        }
    }

    /// Hexadecimal as it is; a decimal number, which one of the servers writes, as far as 64 bits go.
    private static func number(_ value: AnswerValue) throws(JSONError) -> String {
        if case .string(let text) = value.json {
            let text = text.lowercased()
            let digits = text.drop { $0 == "-" }
            if text.count - digits.count <= 1, digits.hasPrefix("0x"),
                (3...67).contains(digits.count),
                digits.dropFirst(2).utf8.allSatisfy(isHexDigit)
            {
                return text
            }
        }
        let number = try value.number(Int64.self)
        return (number < 0 ? "-0x" : "0x") + String(number.magnitude, radix: 16)
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    /// As the server reads it. Nothing of Teller's makes `other`.
    var json: JSONValue {
        switch self {
        case .number(let text): .array([.string("num"), .string(text)])
        case .cell(let boc): .array([.string("cell"), .string(ServerBase64.encode(boc))])
        case .other(let type): .array([.string(type)])
        }
    }
}
