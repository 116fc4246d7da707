// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The few calls telemetry makes to the kernel; nothing here keeps a pointer.
enum SystemCalls {
    /// Bytes read of a file under `/proc`; `/proc/stat` grows with cores and interrupts.
    private static let fileBytesMax = 1 << 20
    /// Entries of a folder that are counted.
    private static let entriesMax = 1 << 20

    /// The file's beginning as text; nil when it can't be read.
    static func text(of path: String) -> String? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4096)
        while bytes.count < fileBytesMax {
            let count = unsafe read(descriptor, &part, part.count)
            guard count > 0 else { break }
            bytes += part[..<count]
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    /// How many entries a folder has, `.` and `..` left out; nil when it can't be read.
    static func entries(of path: String) -> Int? {
        guard let folder = unsafe opendir(path) else { return nil }
        defer { unsafe closedir(folder) }
        var count = 0
        while count < entriesMax, unsafe readdir(folder) != nil { count += 1 }
        return max(0, count - 2)
    }

    /// How many descriptors the process may open; nil when there is no limit.
    static var descriptorsMax: Int? {
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let resource = RLIMIT_NOFILE
        #endif
        var limit = rlimit()
        guard unsafe getrlimit(resource, &limit) == 0 else { return nil }
        return Int(exactly: limit.rlim_cur)
    }

    static var pageBytes: Int { Int(sysconf(Int32(_SC_PAGESIZE))) }
    static var ticksPerSecond: Int { Int(sysconf(Int32(_SC_CLK_TCK))) }

    /// What a pipe that has room takes at once.
    static var partBytesMax: Int { Int(PIPE_BUF) }

    /// What came of a write.
    enum Written: Equatable {
        case bytes(Int)
        /// Nothing could be written just now.
        case full
        /// Nothing will ever be.
        case broken
    }

    /// Writes a part of `bytes` when the descriptor has room for it within `milliseconds`.
    ///
    /// A pipe that polls as writable has room for `PIPE_BUF` bytes; so with at most that many
    /// the write itself doesn't block, although the descriptor may.
    static func write(
        _ bytes: ArraySlice<UInt8>, to descriptor: Int32, within milliseconds: Int32
    ) -> Written {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard unsafe poll(&request, 1, milliseconds) > 0 else { return .full }
        let part = Array(bytes.prefix(partBytesMax))
        #if canImport(Glibc)
            let count = unsafe Glibc.write(descriptor, part, part.count)
        #else
            let count = unsafe Darwin.write(descriptor, part, part.count)
        #endif
        if count >= 0 { return .bytes(count) }
        return errno == EAGAIN || errno == EINTR ? .full : .broken
    }
}
