/// What client and server agree on about compression (permessage-deflate, RFC 7692 section 7).
///
/// Whatever is offered, neither side takes its window from one message to the next, so that a WebSocket on which nothing
/// moves needs no memory for it. A server may say so unasked (section 7.1.1).
public struct DeflateAgreement: Sendable, Equatable {
    /// The client's header can't be read: its handshake has failed (RFC 6455 section 9.1).
    public struct MalformedOffers: Error, Equatable {}

    /// How far back what the server sends may refer, as a power of two: 8 to 15.
    public let windowBits: Int
    /// Whether the client has asked for that, and so has to hear it.
    private let isWindowAskedFor: Bool

    /// Takes the first offer that can be taken.
    ///
    /// - Parameter text: What `Sec-WebSocket-Extensions` says; several joined with commas, empty for none.
    /// - Returns: nil when there is none.
    /// - Throws: ``MalformedOffers`` when it does not conform to the grammar.
    public static func reached(on text: [UInt8]) throws(MalformedOffers) -> DeflateAgreement? {
        guard let offers = ExtensionOffers(parsing: text)?.offers else { throw MalformedOffers() }
        for offer in offers where offer.name.elementsEqual("permessage-deflate".utf8) {
            if let agreement = DeflateAgreement(offer.parameters) { return agreement }
        }
        return nil
    }

    /// - Returns: nil for an offer that must be declined: it has a parameter that is not defined, or one twice, or one with a
    ///   value that it can't have (section 7.1).
    private init?(_ parameters: [ExtensionOffers.Parameter]) {
        var seen: Set<[UInt8]> = []
        var windowBits: Int?
        for parameter in parameters {
            guard seen.insert(parameter.name).inserted else { return nil }
            switch String(decoding: parameter.name, as: UTF8.self) {
            case "server_no_context_takeover", "client_no_context_takeover":
                guard parameter.value == nil else { return nil }
            case "server_max_window_bits":
                guard let value = parameter.value, let bits = Self.bits(value) else { return nil }
                windowBits = bits
            case "client_max_window_bits":
                // How far the client will refer back by itself: any window is small enough for us.
                if let value = parameter.value, Self.bits(value) == nil { return nil }
            default:
                return nil
            }
        }
        self.windowBits = windowBits ?? 15
        isWindowAskedFor = windowBits != nil
    }

    /// 8 to 15, without leading zeros.
    private static func bits(_ text: [UInt8]) -> Int? {
        (8...15).first { text.elementsEqual(String($0).utf8) }
    }

    /// What `Sec-WebSocket-Extensions` answers.
    public var answer: [UInt8] {
        var text = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        if isWindowAskedFor { text += "; server_max_window_bits=\(windowBits)" }
        return Array(text.utf8)
    }
}
