// SPDX-FileCopyrightText: 2026 The Teller authors
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// File descriptors of this process.
enum Descriptors {
    /// How many the process may open beyond `reserved`; at least one.
    static func available(reserved: Int) -> Int {
        var limit = rlimit()
        #if canImport(Glibc)
            let code = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #else
            let code = unsafe getrlimit(RLIMIT_NOFILE, &limit)
        #endif
        guard code == 0 else { return 256 }
        return max(1, Int(clamping: limit.rlim_cur) - reserved)
    }
}
