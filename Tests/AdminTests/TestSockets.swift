import Foundation

struct TestError: Error {
    var call: String
    var errorNumber = errno
}

/// A path in the temporary directory that is removed at the end; nothing is there at first.
final class TestDirectory: Sendable {
    let path: String
    var socketPath: String { path + "/admin.sock" }

    init() throws {
        path = "/tmp/roost-test-\(UUID().uuidString)"
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// Runs something that blocks on a thread of its own, so that it holds none of the concurrency pool's.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}

/// A Unix socket that listens.
final class TestListener: Sendable {
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = unixAddress(path)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0, listen(descriptor, 8) == 0 else { throw TestError(call: "bind") }
    }

    deinit {
        close(descriptor)
    }

    /// Takes one connection, reads its request, sends `bytes` and closes.
    func answerOne(_ bytes: String) throws {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0 else { throw TestError(call: "accept") }
        defer { close(connection) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        guard recv(connection, &buffer, buffer.count, 0) > 0 else { throw TestError(call: "recv") }
        _ = Array(bytes.utf8).withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }
}

/// Leaves a socket file that nobody listens on, as a killed server does.
func leaveStaleSocket(at path: String) throws {
    _ = try TestListener(path: path)
}

/// Sends bytes, ends sending, and returns all that comes back.
func rawExchange(_ bytes: String, at path: String) throws -> String {
    var address = unixAddress(path)
    return try withUnsafePointer(to: &address) {
        try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            try rawExchange(bytes, AF_UNIX, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
}

/// The same over TCP on loopback.
func rawExchange(_ bytes: String, port: UInt16) throws -> String {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return try withUnsafePointer(to: &address) {
        try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            try rawExchange(bytes, AF_INET, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}

private func rawExchange(
    _ bytes: String,
    _ family: Int32,
    _ address: UnsafePointer<sockaddr>,
    _ size: socklen_t
) throws -> String {
    let descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    guard connect(descriptor, address, size) == 0 else { throw TestError(call: "connect") }
    _ = Array(bytes.utf8).withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    shutdown(descriptor, Int32(SHUT_WR))
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 { answer += buffer[..<count] }
    return String(decoding: answer, as: UTF8.self)
}

private func unixAddress(_ path: String) -> sockaddr_un {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return address
}
