internal import CRoostSystem
// `environ` is a global that C lets anybody change; it is read and changed here before there is a second thread.
@preconcurrency internal import Glibc

// @unchecked: the pointers are to copies that nobody changes or frees.
/// How this process was started: what it takes to start it once more.
///
/// Arguments and environment are kept byte for byte; they need not be UTF-8.
public final class Launch: @unchecked Sendable {
    private let arguments: [UnsafeMutablePointer<CChar>?]
    private let environment: [UnsafeMutablePointer<CChar>?]
    private let directory: String

    /// Copies what this process was started with, and takes what is for the front alone out of the environment.
    ///
    /// To be called by the main thread before there is another.
    ///
    /// - Parameters:
    ///   - arguments: The command line, the program's name first; without zero bytes.
    ///   - directory: The working directory.
    public init(arguments: [[UInt8]], directory: String) {
        self.arguments = arguments.map { argument in
            (argument.map(CChar.init(bitPattern:)) + [0]).withUnsafeBufferPointer { text in
                text.baseAddress.flatMap { strdup($0) }
            }
        }
        self.directory = directory
        var environment: [UnsafeMutablePointer<CChar>?] = []
        // Imported as if it could not be NULL; after clearenv(3) it is.
        if var entry = Optional(environ) {
            while let variable = entry.pointee {
                let text = String(cString: variable)
                let name = text.prefix { $0 != "=" }
                if !ServiceVariables.ownNames.contains(String(name)) { environment.append(strdup(variable)) }
                entry += 1
            }
        }
        self.environment = environment
        for name in ServiceVariables.names { unsetenv(name) }
    }

    /// Where the program lies that this process was started as, looked for as it was then: what lies there now may be
    /// a newer one.
    public func executable() -> String? {
        guard let first = arguments.first ?? nil else { return nil }
        let name = String(cString: first)
        if name.hasPrefix("/") { return name }
        if name.contains("/") { return "\(directory)/\(name)" }
        let path = environment.compactMap { $0 }.map { String(cString: $0) }.first { $0.hasPrefix("PATH=") }
        for folder in (path?.dropFirst("PATH=".count) ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":") {
            let candidate = "\(folder.hasPrefix("/") ? "" : directory + "/")\(folder)/\(name)"
            if access(candidate, X_OK) == 0 { return candidate }
        }
        return nil
    }

    /// Starts the program with the same arguments and environment, and `descriptor` as its 3.
    ///
    /// - Throws: ``ServiceError`` when there is no such program, or no processes left.
    func start(_ executable: String, handing descriptor: Int32) throws(ServiceError) -> Int32 {
        let mark = strdup("\(ServiceVariables.inheritanceName)=3")
        defer { free(mark) }
        let variables = environment + [mark, nil]
        var failure: Int32 = 0
        let pid = roost_launch(executable, arguments + [nil], variables, descriptor, &failure)
        guard pid > 0 else {
            throw ServiceError(
                "the new process could not be started",
                reason: "'\(executable)': \(String(cString: strerror(failure)))",
                remedy: "roost upgrade --binary PATH"
            )
        }
        return pid
    }
}
