// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Owns the descriptors of a journal: the file, and the lock that keeps other processes out.
///
/// Every call may block; none is made on an event loop or in a task.
struct JournalFile: ~Copyable {
    private let path: String
    private let lock: Descriptor
    private var file: Descriptor
    private(set) var bytes: Int64 = 0

    private init(path: String, lock: consuming Descriptor, file: consuming Descriptor) {
        self.path = path
        self.lock = lock
        self.file = file
    }

    /// Opens the journal at `path`, and makes it when there is none.
    ///
    /// - Throws: `inUse` when another process has it open; `io`.
    static func open(path: String) throws(JournalError) -> JournalFile {
        let lock = try Descriptor(path + ".lock", O_RDWR | O_CREAT)
        guard flock(lock.number, LOCK_EX | LOCK_NB) == 0 else {
            throw errno == EWOULDBLOCK
                ? JournalError(.inUse, "another process has \(path) open")
                : Self.failure("lock", path)
        }
        let file = try Descriptor(path, O_RDWR | O_CREAT | O_APPEND)
        // The name itself must survive a crash too.
        try Self.syncFolder(of: path)
        return JournalFile(path: path, lock: lock, file: file)
    }

    func readAll() throws(JournalError) -> [UInt8] { try file.readAll(path) }

    mutating func append(_ line: [UInt8]) throws(JournalError) {
        try file.write(line, path)
        bytes += Int64(line.count)
    }

    func sync() throws(JournalError) { try file.sync(path) }

    /// Takes back what was appended beyond `count` bytes, as far as a failing disk lets it.
    mutating func cut(to count: Int64) {
        if ftruncate(file.number, off_t(count)) == 0 { bytes = count }
    }

    /// Puts `contents` in the place of the whole file, durably and in one step.
    mutating func replace(with contents: [UInt8]) throws(JournalError) {
        let draft = path + ".new"
        let fresh = try Descriptor(draft, O_RDWR | O_CREAT | O_TRUNC | O_APPEND)
        try fresh.write(contents, draft)
        try fresh.sync(draft)
        guard unsafe rename(draft, path) == 0 else { throw Self.failure("rename", draft) }
        try Self.syncFolder(of: path)
        file = fresh
        bytes = Int64(contents.count)
    }

    private static func syncFolder(of path: String) throws(JournalError) {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = try Descriptor(folder, O_RDONLY | O_DIRECTORY)
        try descriptor.sync(folder)
    }

    fileprivate static func failure(_ operation: String, _ path: String) -> JournalError {
        let reason = unsafe String(cString: strerror(errno))
        return JournalError(.io, "\(operation) \(path): \(reason)")
    }
}

/// Owns one file descriptor.
private struct Descriptor: ~Copyable {
    let number: Int32

    init(_ path: String, _ flags: Int32) throws(JournalError) {
        // Readable by its owner only: params name accounts and addresses.
        let number = unsafe open(path, flags | O_CLOEXEC, 0o600)
        guard number >= 0 else { throw JournalFile.failure("open", path) }
        self.number = number
    }

    deinit { close(number) }

    func readAll(_ path: String) throws(JournalError) -> [UInt8] {
        var contents: [UInt8] = []
        while true {
            var status = 0
            let chunk = unsafe [UInt8](unsafeUninitializedCapacity: 65_536) { space, count in
                status = unsafe read(number, space.baseAddress, space.count)
                count = max(0, status)
            }
            if status == 0 { return contents }
            if status < 0, errno != EINTR { throw JournalFile.failure("read", path) }
            contents += chunk
        }
    }

    func write(_ bytes: [UInt8], _ path: String) throws(JournalError) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { source in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: source[written...])
                #if canImport(Darwin)
                    return unsafe Darwin.write(number, rest.baseAddress, rest.count)
                #elseif canImport(Musl)
                    return unsafe Musl.write(number, rest.baseAddress, rest.count)
                #else
                    return unsafe Glibc.write(number, rest.baseAddress, rest.count)
                #endif
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw JournalFile.failure("write", path)
            }
            written += count
        }
    }

    func sync(_ path: String) throws(JournalError) {
        guard fsync(number) == 0 else { throw JournalFile.failure("fsync", path) }
    }
}
