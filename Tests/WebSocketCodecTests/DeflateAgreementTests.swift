import Testing
import WebSocketCodec

private let plain = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

/// What `Sec-WebSocket-Extensions` answers to offers; nil for nothing.
private func answer(to offers: String) throws -> String? {
    try DeflateAgreement.reached(on: Array(offers.utf8)).map { String(decoding: $0.answer, as: UTF8.self) }
}

@Suite struct DeflateAgreementTests {
    @Test(arguments: [
        "permessage-deflate",
        "  permessage-deflate\t",
        ", permessage-deflate,",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; client_max_window_bits=8",
        "permessage-deflate ; client_max_window_bits = \"15\"",
        "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
    ])
    func `what browsers offer is taken, and no side keeps its window`(_ offers: String) throws {
        #expect(try answer(to: offers) == plain)
        #expect(try DeflateAgreement.reached(on: Array(offers.utf8))?.windowBits == 15)
    }

    @Test(arguments: 8...15)
    func `a smaller window is taken, and said`(_ bits: Int) throws {
        for value in ["\(bits)", "\"\(bits)\"", "\"\\\(bits)\""] {
            let offers = "permessage-deflate; server_max_window_bits=\(value)"
            #expect(try answer(to: offers) == "\(plain); server_max_window_bits=\(bits)")
            #expect(try DeflateAgreement.reached(on: Array(offers.utf8))?.windowBits == bits)
        }
    }

    @Test(arguments: [
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=08",
        "permessage-deflate; server_max_window_bits=+9",
        "permessage-deflate; server_max_window_bits=1000000000000000000000",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=x",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover=\"1\"",
        "permessage-deflate; level=9",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
        "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
        "permessage-deflate; Server_max_window_bits=10",
        "permessage-bzip2",
        "x-webkit-deflate-frame",
        "",
        " , ,",
    ])
    func `an offer that must be declined is, and the next is looked at`(_ offers: String) throws {
        #expect(try answer(to: offers) == nil)
        #expect(try answer(to: offers + ", permessage-deflate") == plain)
    }

    @Test func `the first offer that can be taken counts`() throws {
        let offers = """
            permessage-foo; x="y", permessage-deflate; server_max_window_bits=16, \
            permessage-deflate; server_max_window_bits=10, permessage-deflate
            """
        #expect(try answer(to: offers) == "\(plain); server_max_window_bits=10")
    }

    @Test(arguments: [
        ";", "=", "permessage-deflate;", "permessage-deflate; =8", "permessage-deflate; a=", "permessage-deflate a",
        "permessage-deflate; a=\"b", "permessage-deflate; a=\"\"", "permessage-deflate; a=\"b c\"",
        "permessage-deflate; a=\"b\\", "permessage-deflate; a=b c", "permessage-deflate, permessage/deflate",
        "permessage-deflate; a=\"b\"c", "permessage-deflate\u{0}", "\"permessage-deflate\"", "é",
    ])
    func `offers that break the grammar fail the handshake`(_ offers: String) {
        #expect(throws: DeflateAgreement.MalformedOffers.self) {
            try DeflateAgreement.reached(on: Array(offers.utf8))
        }
    }
}
