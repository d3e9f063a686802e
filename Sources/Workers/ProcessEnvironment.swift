// `environ` is a global that C lets anybody change; the worker pool only reads it, on the loop's thread, and nothing in
// Roost changes it after start.
@preconcurrency internal import Glibc

/// The environment and arguments of a process to start, as C wants them.
enum ProcessEnvironment {
    /// Calls `body` with this process's environment, in which `additions` have replaced what had their names.
    ///
    /// The rest is passed on byte for byte: no need for it to be UTF-8.
    static func withPointers<Result>(
        adding additions: [String: String],
        _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var inherited: [UnsafeMutablePointer<CChar>?] = []
        // Imported as if it could not be NULL; after clearenv(3) it is.
        if var entry = Optional(environ) {
            while let variable = entry.pointee {
                let isReplaced = additions.keys.contains { name in
                    strncmp(variable, name, name.utf8.count) == 0
                        && variable[name.utf8.count] == CChar(bitPattern: UInt8(ascii: "="))
                }
                if !isReplaced { inherited.append(variable) }
                entry += 1
            }
        }
        let added = additions.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") }
        defer { for variable in added { free(variable) } }
        return (inherited + added + [nil]).withUnsafeBufferPointer { pointers in
            // Never empty: its last is nil.
            pointers.baseAddress.map(body) ?? withNothing(body)
        }
    }

    /// Calls `body` with `arguments` followed by nil.
    static func withPointers<Result>(
        _ arguments: [String],
        _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        let copies = arguments.map { strdup($0) }
        defer { for argument in copies { free(argument) } }
        return (copies + [nil]).withUnsafeBufferPointer { pointers in
            pointers.baseAddress.map(body) ?? withNothing(body)
        }
    }

    private static func withNothing<Result>(
        _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var nothing: UnsafeMutablePointer<CChar>?
        return withUnsafePointer(to: &nothing, body)
    }
}
