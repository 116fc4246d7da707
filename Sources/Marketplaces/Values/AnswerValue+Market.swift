// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import TON
internal import TellerProtocol
internal import Upstream

/// What marketplaces write, each in its own way.
extension AnswerValue {
    private static let identifierBytesMax = 128

    /// An amount in TON, a number or its text, with at most nine decimals.
    var tons: Nanotons {
        get throws(JSONError) {
            switch json {
            case .number(let text), .string(let text):
                guard let units = DecimalText.units(text, decimals: DecimalText.tonDecimals),
                    let amount = Nanotons(units)
                else { throw refused("is not an amount in TON with at most 9 decimals") }
                return amount
            default: throw refused("is not an amount in TON")
            }
        }
    }

    /// An amount in nanotons, a whole number.
    var nanotons: Nanotons {
        get throws(JSONError) {
            guard case .number(let text) = json, let amount = Nanotons(wire: text) else {
                throw refused("is not an amount in nanotons")
            }
            return amount
        }
    }

    /// An id, a text or a whole number: 1 to 128 visible ASCII characters.
    var identifier: String {
        get throws(JSONError) {
            let text: String? =
                switch json {
                case .string(let text): text
                case .number(let text) where Int64(text) != nil: text
                default: nil
                }
            guard let text, (1...Self.identifierBytesMax).contains(text.utf8.count),
                text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
            else { throw refused("is not an id") }
            return text
        }
    }

    /// A moment in UTC with any number of decimals (RFC 3339), cut to milliseconds.
    var timestamp: Timestamp {
        get throws(JSONError) {
            var text = try string[...]
            let suffix = ["Z", "+00:00"].first { text.hasSuffix($0) }
            guard let suffix else { throw refused("is not a time in UTC") }
            text.removeLast(suffix.count)
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            let decimals = parts.count == 2 ? parts[1].prefix(3) : ""
            let padding = String(repeating: "0", count: 3 - decimals.count)
            guard parts.count <= 2, let moment = Timestamp("\(parts[0]).\(decimals)\(padding)Z")
            else { throw refused("is not a time in UTC") }
            return moment
        }
    }

    /// A wallet's address, in any form.
    func address(on network: TONNetwork) throws(JSONError) -> WrittenTONAddress {
        let text = try string
        do throws(TONAddressError) {
            return try WrittenTONAddress(text, on: network)
        } catch {
            throw refused("is not an address on TON")
        }
    }

    /// The first member of these names that there is and that is not null; nil when there is none.
    func optionalMember(of names: [String]) throws(JSONError) -> AnswerValue? {
        for name in names {
            if let value = try optionalMember(name) { return value }
        }
        return nil
    }

    /// A trait whose name and rarity are members of this value.
    ///
    /// - Returns: nil when the name is absent or null.
    func trait(_ nameKey: String, perMille rarityKey: String) throws(JSONError) -> GiftTrait? {
        guard let name = try optionalMember(nameKey)?.string else { return nil }
        return GiftTrait(name: name, perMillion: try optionalMember(rarityKey)?.perMillion)
    }

    /// A number of thousandths as millionths; nil when it isn't whole then.
    var perMillion: Int? {
        get throws(JSONError) {
            guard case .number(let text) = json else { throw refused("is not a number") }
            return DecimalText.units(text, decimals: 3).map { Int($0) }
        }
    }

    /// What `read` makes of the elements; those of which it makes nil are left out.
    func list<Value>(
        _ read: (AnswerValue) throws(JSONError) -> Value?
    ) throws(JSONError) -> [Value] {
        var values: [Value] = []
        for element in try elements {
            if let value = try read(element) { values.append(value) }
        }
        return values
    }
}
