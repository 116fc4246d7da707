// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What the real program offers to whoever reaches its TLS port.
@Suite struct TLSExposureTests {
    private func start() throws -> TellerProcess {
        let identity = try TestCertificates.shared.get().server
        return try TellerProcess(settings: [
            "tls.certificate=\(identity.certificateFile)", "tls.key=\(identity.keyFile)",
        ])
    }

    private func expectServing(_ server: TellerProcess) throws {
        #expect(
            try TestProcess.runChecked(
                ["curl", "-sSk", "-m", "20", "https://127.0.0.1:\(server.port)/livez"]) == "ok\n")
    }

    @Test func `sslscan finds new versions, forward secrecy and nothing else`() throws {
        let server = try start()
        let report = try TestProcess.runChecked([
            "sslscan", "--no-colour", "--xml=-", "127.0.0.1:\(server.port)",
        ])
        let elements = report.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        func all(_ name: String) -> [String] { elements.filter { $0.hasPrefix("<\(name) ") } }
        func value(_ attribute: String, of element: String) -> String {
            let parts = element.components(separatedBy: " \(attribute)=\"")
            return parts.count == 2 ? String(parts[1].prefix { $0 != "\"" }) : ""
        }
        let versions = all("protocol").filter { value("enabled", of: $0) == "1" }
        #expect(versions.map { value("version", of: $0) } == ["1.2", "1.3"], "\(report)")
        #expect(all("protocol").count == 6)
        // The test's key is an elliptic one; for RSA the same suites have their RSA names.
        let suites = all("cipher").map { value("cipher", of: $0) }
        #expect(
            Set(suites) == [
                "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
                "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
                "ECDHE-ECDSA-CHACHA20-POLY1305",
            ], "\(report)")
        #expect(all("cipher").allSatisfy { !value("ecdhebits", of: $0).isEmpty }, "\(report)")
        #expect(all("renegotiation").map { value("supported", of: $0) } == ["0"])
        #expect(all("heartbleed").allSatisfy { value("vulnerable", of: $0) == "0" })
        let groups = Set(all("group").map { value("id", of: $0) })
        #expect(groups == ["0x0017", "0x0018", "0x0019", "0x001d"], "\(report)")
    }

    /// Debian's OpenSSL can't compress, so neither can its clients ask: the ClientHello is made
    /// here (RFC 5246 section 7.4.1.2).
    @Test func `compression is never chosen`() throws {
        let server = try start()
        let script = """
            import os, socket, struct, sys
            def hello(methods):
                block = lambda size, data: len(data).to_bytes(size, "big") + data
                extension = lambda kind, data: struct.pack(">H", kind) + block(2, data)
                extensions = (
                    extension(10, block(2, b"\\0\\x1d\\0\\x17"))
                    + extension(11, block(1, b"\\0"))
                    + extension(13, block(2, b"\\4\\3\\5\\3\\6\\3"))
                    + extension(16, block(2, block(1, b"h2"))))
                body = (b"\\3\\3" + os.urandom(32) + b"\\0" + block(2, b"\\xc0\\x2b")
                    + block(1, methods) + block(2, extensions))
                message = b"\\1" + block(3, body)
                with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20) as s:
                    s.sendall(b"\\x16\\3\\1" + block(2, message))
                    answer = s.recv(16384)
                if answer[0] == 21:
                    return "alert"
                session = answer[43]
                return "method %d" % answer[44 + session + 2]
            print(hello(b"\\0"), hello(b"\\1\\0"), hello(b"\\1"), sep=", ")
            """
        let output = try TestProcess.runChecked(["python3", "-c", script, "\(server.port)"])
        #expect(output == "method 0, method 0, alert\n")
        try expectServing(server)
    }

    /// `K` asks the server to change its key too, `k` does not.
    @Test(arguments: ["K", "k"])
    func `a flood of key updates ends its connection and nothing else`(command: String) throws {
        let server = try start()
        // A few are nobody's flood.
        let few = try update(command, 50, at: server)
        #expect(few.hasPrefix("50 "), "\(few)")
        #expect(few.contains("HTTP/1.1 200 OK"), "\(few)")
        let before = try server.residentBytes()
        for _ in 0..<5 {
            let flood = try update(command, 2000, at: server)
            let done = try #require(flood.split(separator: " ").first.flatMap { Int($0) })
            // Some more are under way when the server hangs up.
            #expect((64..<1000).contains(done), "\(flood)")
            #expect(!flood.contains("HTTP/1.1"))
        }
        #expect(try server.residentBytes() - before < 8 << 20)
        try expectServing(server)
    }

    /// Makes OpenSSL's client send updates, each after the one before has been sent, and then a
    /// request; the number sent and what came then.
    private func update(_ command: String, _ count: Int, at server: TellerProcess) throws -> String
    {
        let script = """
            import subprocess, sys
            port, command, count = sys.argv[1:]
            client = subprocess.Popen(
                ["openssl", "s_client", "-tls1_3", "-alpn", "http/1.1", "-connect",
                 "127.0.0.1:" + port],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            done, rest = 0, b""
            try:
                while done < int(count):
                    client.stdin.write(command.encode() + b"\\n")
                    client.stdin.flush()
                    line = b" "
                    while line and b"KEYUPDATE" not in line:
                        line = client.stdout.readline()
                    if not line:
                        break
                    done += 1
                client.stdin.write(b"GET /livez HTTP/1.1\\r\\nhost: a\\r\\nconnection: close\\r\\n\\r\\n")
                client.stdin.flush()
                rest = client.stdout.read()
                client.stdin.close()
            except BrokenPipeError:
                pass
            client.wait()
            print(done, rest.decode(errors="replace"))
            """
        return try TestProcess.runChecked(
            ["python3", "-c", script, "\(server.port)", command, "\(count)"],
            timeout: .seconds(30))
    }
}
