import Glibc
import Testing

@testable import Front

@Suite struct `Advice when an address can't be listened on` {
    private let table = """
          sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
           0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
           1: 0200007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100 0 0 10 0
           2: 0100007F:1F40 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0
           3: 00000000:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4714 1 0 100 0 0 10 0
           4: broken
        """

    @Test func `the listener of the port and address is found in the kernel's table`() {
        #expect(PortHolder.inodes(in: table, port: 8000) == ["4711", "4712", "4714"])
        #expect(PortHolder.inodes(in: table, port: 8000, address: "0100007F") == ["4711", "4714"])
        #expect(PortHolder.inodes(in: table, port: 8001).isEmpty)
        #expect(PortHolder.nativeAddress(of: "127.0.0.1") == "0100007F")
        #expect(PortHolder.nativeAddress(of: "0.0.0.0") == nil)
        #expect(PortHolder.nativeAddress(of: "localhost") == nil)
    }

    @Test(
        arguments: [
            (EADDRINUSE, "end what listens there"), (EACCES, "CAP_NET_BIND_SERVICE"),
            (EADDRNOTAVAIL, "an address of this machine"), (EAFNOSUPPORT, "IPv4"), (EMFILE, "ulimit -n"),
        ]
    ) func `what to do depends on what the system said`(code: Int32, advice: String) {
        let error = FrontError(.tcp(host: "127.0.0.1", port: 80), code: code)
        #expect(error.description.contains(advice))
    }

    @Test func `a busy port names the process that has it`() throws {
        let first = try ListeningSocket(opening: .tcp(host: "127.0.0.1", port: 0))
        defer { close(first.descriptor) }
        let error = #expect(throws: FrontError.self) { try ListeningSocket(opening: first.address) }
        #expect(error?.description.contains("process \(getpid()) (") == true)
        #expect(error?.description.contains("kill \(getpid())") == true)
    }
}
