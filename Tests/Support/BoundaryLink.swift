// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix

/// A link between a program and its database, or between it and a chain, on which the program can
/// be made to die at an exact moment: just before something lasting is asked for, or when it is
/// done and nobody has heard of it.
package final class BoundaryLink: Sendable {
    /// What is spoken on the link.
    package enum Language: Sendable {
        /// PostgreSQL's extended protocol in pipelines, without encryption or a password. What
        /// lasts is a commit, or a write outside a transaction; its name is the statements'.
        case postgres
        /// HTTP/1.1, one request after another. What lasts is a message that is sent: `send`.
        case toncenter
    }

    package enum Moment: String, Sendable, CaseIterable {
        /// It has been asked for in full, and nothing of it has gone on.
        case before
        /// It is done and answered, and nothing of the answer has gone on.
        case after
    }

    /// Told what is about to pass.
    ///
    /// - Returns: whether the program has been killed: then nothing passes on that connection any
    ///   more. What it has sent on others by then still arrives, as after a real death.
    package typealias Watch = @Sendable (_ name: String, _ moment: Moment) -> Bool

    /// Where the program connects to, on 127.0.0.1.
    package let port: Int
    private let listener: any Channel

    /// - Parameter target: a port of 127.0.0.1.
    package init(to target: Int, _ language: Language, watch: @escaping Watch) async throws {
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 128)
            .childChannelInitializer { client in
                ClientBootstrap(group: client.eventLoop).connect(host: "127.0.0.1", port: target)
                    .flatMap { server in
                        client.eventLoop.makeCompletedFuture {
                            let conversation: any Conversation =
                                switch language {
                                case .postgres: PostgresConversation()
                                case .toncenter: ToncenterConversation()
                                }
                            let state = LinkState(conversation, watch)
                            try client.pipeline.syncOperations.addHandler(
                                LinkEnd(.before, to: server, state))
                            try server.pipeline.syncOperations.addHandler(
                                LinkEnd(.after, to: client, state))
                        }
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = listener.localAddress?.port ?? 0
    }

    deinit { listener.close(promise: nil) }
}

/// What both ends of a connection share; they are on one event loop.
private final class LinkState {
    var conversation: any Conversation
    let watch: BoundaryLink.Watch
    var isDead = false

    init(_ conversation: any Conversation, _ watch: @escaping BoundaryLink.Watch) {
        self.conversation = conversation
        self.watch = watch
    }
}

/// Reads from one end and writes to the other.
private final class LinkEnd: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let moment: BoundaryLink.Moment
    private let other: any Channel
    private let state: LinkState

    init(_ moment: BoundaryLink.Moment, to other: any Channel, _ state: LinkState) {
        self.moment = moment
        self.other = other
        self.state = state
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !state.isDead else { return }
        let passages =
            switch moment {
            case .before: state.conversation.ask(unwrapInboundIn(data))
            case .after: state.conversation.answer(unwrapInboundIn(data))
            }
        for passage in passages {
            if let name = passage.boundary, state.watch(name, moment) {
                // The program's end of the connection closes with it.
                state.isDead = true
                return
            }
            other.write(passage.bytes, promise: nil)
        }
        other.flush()
    }

    func channelInactive(context: ChannelHandlerContext) {
        if moment == .after, !state.isDead {
            other.writeAndFlush(state.conversation.rest, promise: nil)
        }
        other.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

/// Bytes that go on together.
struct Passage {
    let bytes: ByteBuffer
    /// The name of what lasts, when it is asked for or answered with these bytes.
    var boundary: String?
}

/// What has been said on a connection, as far as it matters.
protocol Conversation {
    /// Takes bytes of the program.
    ///
    /// - Returns: what may go on now; the rest is kept until it is complete.
    mutating func ask(_ bytes: ByteBuffer) -> [Passage]
    /// Takes bytes of the server.
    mutating func answer(_ bytes: ByteBuffer) -> [Passage]
    /// What the server has said that has not gone on yet.
    var rest: ByteBuffer { get }
}

/// Source: PostgreSQL 15, "Frontend/Backend Protocol", chapter 55.
struct PostgresConversation: Conversation {
    /// What a prepared statement does.
    private enum Effect { case begin, commit, rollback, write, other }

    private var asked = ByteBuffer()
    private var batch = ByteBuffer()
    private var names: [String] = []
    private var effects: [String: Effect] = [:]
    private var hasStarted = false
    private var isInTransaction = false
    /// What each `ReadyForQuery` to come answers; nil for nothing that lasts.
    private var expected: [String?] = []
    private var answered = ByteBuffer()
    private(set) var rest = ByteBuffer()

    mutating func ask(_ bytes: ByteBuffer) -> [Passage] {
        asked.writeImmutableBuffer(bytes)
        var passages: [Passage] = []
        while let (kind, body) = nextQuestion() {
            switch kind {
            case nil, UInt8(ascii: "Q"): expected.append(nil)
            case UInt8(ascii: "P"): prepared(body)
            case UInt8(ascii: "B"): bound(body)
            case UInt8(ascii: "S"):
                let name = endBatch()
                expected.append(name)
                passages.append(Passage(bytes: batch, boundary: name))
                batch.clear()
                continue
            default: break
            }
            // Between these and the batch's end nothing is answered.
            guard kind == nil || !"PBDE".utf8.contains(kind ?? 0) else { continue }
            passages.append(Passage(bytes: batch))
            batch.clear()
        }
        return passages
    }

    mutating func answer(_ bytes: ByteBuffer) -> [Passage] {
        answered.writeImmutableBuffer(bytes)
        var passages: [Passage] = []
        while let frame = Self.frame(&answered, hasKind: true) {
            let kind = frame.getInteger(at: frame.readerIndex, as: UInt8.self)
            rest.writeImmutableBuffer(frame)
            guard kind == UInt8(ascii: "Z") else { continue }
            let name = expected.isEmpty ? nil : expected.removeFirst()
            passages.append(Passage(bytes: rest, boundary: name))
            rest.clear()
        }
        return passages
    }

    /// Moves the next message to the batch; its kind (nil for the first one, which has none), and
    /// what follows its length.
    private mutating func nextQuestion() -> (kind: UInt8?, body: ByteBuffer)? {
        guard var frame = Self.frame(&asked, hasKind: hasStarted) else { return nil }
        batch.writeImmutableBuffer(frame)
        let kind = hasStarted ? frame.readInteger(as: UInt8.self) : nil
        hasStarted = true
        frame.moveReaderIndex(forwardBy: 4)
        return (kind, frame)
    }

    private static func frame(_ bytes: inout ByteBuffer, hasKind: Bool) -> ByteBuffer? {
        let kindBytes = hasKind ? 1 : 0
        guard
            let length = bytes.getInteger(at: bytes.readerIndex + kindBytes, as: UInt32.self),
            let frame = bytes.readSlice(length: kindBytes + Int(length))
        else { return nil }
        bytes.discardReadBytes()
        return frame
    }

    private mutating func prepared(_ body: ByteBuffer) {
        var body = body
        let name = body.readNullTerminatedString() ?? ""
        let sql = (body.readNullTerminatedString() ?? "").split(whereSeparator: \.isWhitespace)
            .joined(separator: " ")
        effects[name] =
            switch sql {
            case "BEGIN": .begin
            case "COMMIT": .commit
            case "ROLLBACK": .rollback
            default:
                ["INSERT INTO ", "DELETE FROM ", " SET "].contains { sql.contains($0) }
                    ? .write : .other
            }
    }

    private mutating func bound(_ body: ByteBuffer) {
        var body = body
        _ = body.readNullTerminatedString()
        names.append(body.readNullTerminatedString() ?? "")
    }

    /// - Returns: the batch's name, when it lasts once it is done.
    private mutating func endBatch() -> String? {
        defer { names = [] }
        var lasts = false
        for name in names {
            switch effects[name] {
            case .begin: isInTransaction = true
            case .commit: (lasts, isInTransaction) = (true, false)
            case .rollback: isInTransaction = false
            case .write: lasts = lasts || !isInTransaction
            case .other, nil: break
            }
        }
        return lasts ? names.filter { effects[$0] == .write }.joined(separator: " ") : nil
    }
}

/// Only what Teller and the sandbox make of HTTP/1.1: bodies with a `content-length`, no request
/// before the last one's answer.
struct ToncenterConversation: Conversation {
    private var asked = ByteBuffer()
    private var isSending = false

    var rest: ByteBuffer { ByteBuffer() }

    mutating func ask(_ bytes: ByteBuffer) -> [Passage] {
        asked.writeImmutableBuffer(bytes)
        guard let end = asked.readableBytesView.firstRange(of: Array("\r\n\r\n".utf8)) else {
            return []
        }
        let head = String(decoding: asked.readableBytesView[..<end.lowerBound], as: UTF8.self)
        let lines = head.lowercased().split(separator: "\r\n")
        let length = lines.first { $0.hasPrefix("content-length:") }
            .flatMap { Int($0.split(separator: " ").last ?? "") }
        guard asked.readableBytesView[end.upperBound...].count >= length ?? 0 else { return [] }
        isSending = lines.first?.contains("/sendboc") == true
        defer { asked.clear() }
        return [Passage(bytes: asked, boundary: isSending ? "send" : nil)]
    }

    mutating func answer(_ bytes: ByteBuffer) -> [Passage] {
        // Its first byte tells that the message was taken.
        defer { isSending = false }
        return [Passage(bytes: bytes, boundary: isSending ? "send" : nil)]
    }
}
