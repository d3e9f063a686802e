/// What a client offers in `Sec-WebSocket-Extensions` (RFC 6455 section 9.1), the one it likes best first.
struct ExtensionOffers: Equatable {
    /// One of them.
    struct Offer: Equatable {
        /// The extension's name.
        var name: [UInt8]
        var parameters: [Parameter] = []
    }

    /// What is said about it.
    struct Parameter: Equatable {
        var name: [UInt8]
        /// Without quotes; nil for none.
        var value: [UInt8]?
    }

    private(set) var offers: [Offer] = []

    /// Reads the field's value; several of them joined with commas.
    ///
    /// - Returns: nil when it does not conform to the grammar. Members that are empty don't count, as in every list of HTTP.
    init?(parsing text: [UInt8]) {
        var reader = Reader(rest: text[...])
        repeat {
            guard !reader.isAtEndOfMember else { continue }
            guard var offer = reader.token().map({ Offer(name: $0) }) else { return nil }
            while reader.skips(UInt8(ascii: ";")) {
                guard let parameter = reader.parameter() else { return nil }
                offer.parameters.append(parameter)
            }
            offers.append(offer)
        } while reader.skips(UInt8(ascii: ","))
        guard reader.isAtEnd else { return nil }
    }

    private struct Reader {
        var rest: ArraySlice<UInt8>

        var isAtEnd: Bool {
            mutating get {
                skipSpace()
                return rest.isEmpty
            }
        }

        var isAtEndOfMember: Bool {
            mutating get { isAtEnd || rest.first == UInt8(ascii: ",") }
        }

        mutating func skipSpace() {
            rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
        }

        mutating func skips(_ byte: UInt8) -> Bool {
            skipSpace()
            guard rest.first == byte else { return false }
            rest.removeFirst()
            return true
        }

        /// - Returns: nil where there is none.
        mutating func token() -> [UInt8]? {
            skipSpace()
            let token = rest.prefix { Self.isToken($0) }
            rest = rest[token.endIndex...]
            return token.isEmpty ? nil : Array(token)
        }

        mutating func parameter() -> Parameter? {
            guard let name = token() else { return nil }
            guard skips(UInt8(ascii: "=")) else { return Parameter(name: name) }
            guard let value = skips(UInt8(ascii: "\"")) ? quoted() : token() else { return nil }
            return Parameter(name: name, value: value)
        }

        /// The rest of a quoted text, which has to be a token too.
        private mutating func quoted() -> [UInt8]? {
            var value: [UInt8] = []
            while var byte = rest.popFirst() {
                if byte == UInt8(ascii: "\"") { return value.isEmpty ? nil : value }
                if byte == UInt8(ascii: "\\") {
                    guard let escaped = rest.popFirst() else { return nil }
                    byte = escaped
                }
                guard Self.isToken(byte) else { return nil }
                value.append(byte)
            }
            return nil
        }

        private static func isToken(_ byte: UInt8) -> Bool {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60, 0x7C, 0x7E: true
            default: false
            }
        }
    }
}
