// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Ledger
internal import TON
package import TONChain
internal import TellerProtocol

/// The hot wallet as toncenter shows it.
package struct ToncenterWallet: WalletChain {
    /// Pages of a hundred transactions in one walk.
    private static let pagesMax = 300

    private let wallet: HotWallet
    private let client: ChainClient

    package init(_ wallet: HotWallet, through client: ChainClient) {
        self.wallet = wallet
        self.client = client
    }

    package func state() async throws(WalletChainError) -> WalletState {
        let state: AccountState
        do throws(ChainError) {
            state = try await client.accountState(of: wallet.wallet.address)
        } catch {
            throw WalletChainError("\(error)")
        }
        let isDeployed = state.status == .active
        return WalletState(
            time: state.block.time, balance: state.balance,
            newest: state.lastTransaction.map { newest in
                WalletState.Newest(
                    lt: LogicalTime(clamping: newest.lt),
                    hash: Hash256(bytes: newest.hash)?.hex ?? "")
            },
            seqno: wallet.isHighload
                ? nil : isDeployed ? try seqno(in: state.data) : 0, isDeployed: isDeployed)
    }

    /// The seqno of a deployed wallet, whose data must name our key.
    private func seqno(in data: [UInt8]?) throws(WalletChainError) -> Int64 {
        guard let data, let cell = try? BOC.parse(data, limits: .chain),
            case .numbered(let seqno, _, let publicKey) = try? wallet.wallet.contract.data(cell),
            publicKey == wallet.wallet.publicKey
        else { throw WalletChainError("the account is not the wallet of this key") }
        return Int64(seqno)
    }

    package func transactions(
        after last: WalletState.Newest?, upTo newest: WalletState.Newest
    ) async throws(WalletChainError) -> [[UInt8]] {
        let walk: TransactionWalk
        do throws(ChainError) {
            walk = try await client.transactions(
                of: wallet.wallet.address, from: TransactionReference(newest),
                downTo: last.map(TransactionReference.init), pagesMax: Self.pagesMax)
        } catch {
            throw WalletChainError("\(error)")
        }
        guard walk.isDone else {
            throw WalletChainError("there are more than \(Self.pagesMax) pages of transactions")
        }
        return walk.rows.map(\.boc)
    }

    package func send(_ message: [UInt8]) async throws(WalletChainError) {
        switch await client.send(message) {
        case .accepted: return
        // An earlier copy may have been executed, or the wallet has no money: the transactions tell.
        case .refused(_, let reason): throw WalletChainError("refused: \(reason)")
        case .unknown(let error): throw WalletChainError("\(error)")
        }
    }
}

extension TransactionReference {
    fileprivate init(_ newest: WalletState.Newest) {
        self.init(lt: UInt64(clamping: newest.lt), hash: Hash256(hex: newest.hash)?.bytes ?? [])
    }
}
