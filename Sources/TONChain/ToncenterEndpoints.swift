// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

internal import Upstream

/// What Teller asks toncenter. All of it may be repeated: reading changes nothing, and a message
/// is executed once however often its bytes are sent.
enum ToncenterEndpoints {
    /// Room for a page of 100 transactions with 254 messages each, which are written twice.
    private static let transactionsBytesMax = 48 << 20

    static let accountState = UpstreamEndpoint(
        "toncenter.getAddressInformation", .get, "/v2/getAddressInformation", .repeatable)
    static let transactions = UpstreamEndpoint(
        "toncenter.getTransactions", .get, "/v2/getTransactions", .repeatable,
        responseBytesMax: transactionsBytesMax)
    static let masterchain = UpstreamEndpoint(
        "toncenter.getMasterchainInfo", .get, "/v2/getMasterchainInfo", .repeatable)
    static let getMethod = UpstreamEndpoint(
        "toncenter.runGetMethod", .post, "/v2/runGetMethod", .repeatable)
    static let sendReturningHash = UpstreamEndpoint(
        "toncenter.sendBocReturnHash", .post, "/v2/sendBocReturnHash", .repeatable,
        expecting: [200, ToncenterAnswer.refusedMessage])
    static let send = UpstreamEndpoint(
        "toncenter.sendBoc", .post, "/v2/sendBoc", .repeatable,
        expecting: [200, ToncenterAnswer.refusedMessage])
    /// Of the indexer.
    static let transactionsByMessage = UpstreamEndpoint(
        "toncenter.transactionsByMessage", .get, "/v3/transactionsByMessage", .repeatable)
    static let indexedBlock = UpstreamEndpoint(
        "toncenter.masterchainInfo", .get, "/v3/masterchainInfo", .repeatable)
}
