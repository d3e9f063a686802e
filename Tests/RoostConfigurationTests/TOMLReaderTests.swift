import Testing

@testable import RoostConfiguration

@Suite struct `The TOML reader` {
    @Test(arguments: [
        ("a = 1", "{a:1}"), ("a=+99", "{a:99}"), ("a = -0", "{a:0}"), ("a = 1_000", "{a:1000}"),
        ("a = 0xDEAD_beef", "{a:3735928559}"), ("a = 0o17", "{a:15}"), ("a = 0b101", "{a:5}"),
        ("a = 1.5", "{a:1.5}"), ("a = 5e+2", "{a:500.0}"), ("a = -2E-2", "{a:-0.02}"),
        ("a = 6.626e-34", "{a:6.626e-34}"),
        ("a = inf", "{a:inf}"), ("a = -inf", "{a:-inf}"), ("a = nan", "{a:nan}"),
        ("a = true\nb = false", "{a:true,b:false}"),
        ("a = 1979-05-27", "{a:@1979-05-27}"), ("a = 07:32:00.5", "{a:@07:32:00.5}"),
        ("a = 1979-05-27 07:32:00Z", "{a:@1979-05-27 07:32:00Z}"),
        ("a = 1979-05-27T00:32:00.999999-07:00", "{a:@1979-05-27T00:32:00.999999-07:00}"),
        ("a = \"x\\ty \\\"z\\\" \\u00e9\\U0001F600\"", "{a:'x\ty \"z\" é😀'}"), ("a = 'C:\\x'", "{a:'C:\\x'}"),
        ("a = \"\"\"\nx\ny \\\n   z\"\"\"", "{a:'x\ny z'}"), ("a = '''\n'x' \\n'''", "{a:''x' \\n'}"),
        ("a = \"\"\"x\"\"\"\"\"", "{a:'x\"\"'}"), ("a = \"\"", "{a:''}"), ("a = \"\"\"\"\"\"", "{a:''}"),
        ("a = [1, 2,\n 3, # c\n]", "{a:[1,2,3]}"), ("a = [[], ['x', 1]]", "{a:[[],['x',1]]}"),
        ("a = {x = 1, y.z = 2}", "{a:{x:1,y:{z:2}}}"), ("a = {}", "{a:{}}"),
        ("a.b.c = 1\na.d = 2", "{a:{b:{c:1},d:2}}"), ("\"a.b\" . 'c' = 1", "{a.b:{c:1}}"), ("1234 = 5", "{1234:5}"),
        ("[a.b]\nx = 1\n[a]\ny = 2", "{a:{b:{x:1},y:2}}"), ("[a]\nb.c = 1\n[a.b.d]\ne = 2", "{a:{b:{c:1,d:{e:2}}}}"),
        ("a = 2000-02-29", "{a:@2000-02-29}"), ("[a.b.c]\nx = 1\n[a]\nb.d = 2", "{a:{b:{c:{x:1},d:2}}}"),
        ("[[a]]\nx = 1\n[[a]]\n[a.b]\ny = 2", "{a:[{x:1},{b:{y:2}}]}"),
        ("[[a]]\n[[a.b]]\n[[a.b]]\n[[a]]\n[[a.b]]", "{a:[{b:[{},{}]},{b:[{}]}]}"),
        ("# only a comment", "{}"), ("", "{}"), ("\u{FEFF}a = 1", "{a:1}"), ("a = 1\r\nb = 2\r\n", "{a:1,b:2}"),
        ("  [ a . b ]  # c\n  x = 1", "{a:{b:{x:1}}}"), ("[a]", "{a:{}}"),
    ])
    func `reads what TOML 1.0 allows`(text: String, expected: String) throws {
        #expect(rendered(.table(try TOMLReader.read(Array(text.utf8)))) == expected)
    }

    @Test(arguments: [
        "a", "a =", "= 1", "a = b", "a = 1 b = 2", "a = 1 2", "a b = 1", "a. = 1", ".a = 1", "[a", "[]", "[a]]", "[[a]",
        "[a] b = 1", "a = 01", "a = 1__0", "a = _1", "a = 1_", "a = 1_e5", "a = 1.", "a = .5", "a = 1e", "a = 0x",
        "a = 0xg",
        "a = -0x1", "a = 0x-1", "a = +-1", "a = 9223372036854775808", "a = True", "a = 1979-13-01", "a = 1900-02-29",
        "a = 2001-04-31", "a = 2000-01-01T00:00:00+24:00", "a = 1979-05-27T",
        "a = 25:00:00", "a = 07:32", "a = 1979-05-27T07:32:00+7", "a = \"x", "a = \"x\ny\"", "a = 'x", "a = \"\\q\"",
        "a = \"\\ud800\"", "a = \"\\u12\"", "a = \"\\U00110000\"", "a = \"\"\"x", "a = '''x", "a = \"\u{1}\"",
        "# \u{1}",
        "a = \"\u{7F}\"", "a = [1 2]", "a = [1,,2]", "a = [,]", "a = [", "a = {x = 1,}", "a = {x = 1", "a = {\nx = 1}",
        "a = {x = 1, x = 2}", "a = 1\na = 2", "a = 1\na.b = 2", "a.b = 1\na = 2", "[a]\n[a]", "[a]\nb = 1\n[a.b]",
        "a = {}\na.b = 1", "a = {}\n[a.b]", "a = {x.y = 1}\na.x.z = 2", "a = []\n[[a]]", "[a]\n[[a]]", "[[a]]\n[a]",
        "[a.b.c]\nz = 9\n[a]\nb.c.t = 1", "a.b = 1\n[a]", "a = 1\r", "\"\"\"a\"\"\" = 1", "a = \"\"\"x\"\"\"\"\"\"",
    ])
    func `refuses what TOML 1.0 does not allow`(text: String) {
        #expect(throws: TOMLError.self) { try TOMLReader.read(Array(text.utf8)) }
    }

    @Test func `each value knows the line of its key, each element its own`() throws {
        let text = "\na = '''\n\n'''\nb = [\n  1,\n\n  2,\n]\n[t]\nc = 1"
        let table = try TOMLReader.read(Array(text.utf8))
        #expect(table["a"]?.line == 2)
        #expect(table["b"]?.line == 5)
        #expect(table["t"]?.line == 10)
        #expect(table["t"]?.table?["c"]?.line == 11)
        guard case .array(let items) = table["b"]?.value else {
            throw TOMLError(reason: "no array", line: 0, column: 0)
        }
        #expect(items.map(\.line) == [6, 8])
    }

    @Test func `an error has its line and column`() {
        #expect(throws: TOMLError(reason: "expected '=' after a key", line: 3, column: 5)) {
            try TOMLReader.read(Array("# x\r\na = \"\"\nkey value".utf8))
        }
    }

    @Test func `bytes that are not UTF-8 are refused`() {
        #expect(throws: TOMLError.self) { try TOMLReader.read([UInt8(ascii: "a"), UInt8(ascii: "="), 0xFF]) }
    }

    @Test func `nesting without end is refused`() {
        for text in [
            String(repeating: "[", count: 100_000), "a = " + String(repeating: "[", count: 100_000),
            "a = " + String(repeating: "{a = ", count: 100_000), String(repeating: "a.", count: 100_000) + "b = 1",
        ] {
            #expect(throws: TOMLError.self) { try TOMLReader.read(Array(text.utf8)) }
        }
    }

    /// Every document either reads or throws, whatever was done to its bytes.
    @Test func `damaged documents never trap`() {
        let seed = Array(
            "a.b = [1, 2.5, {x = '''y'''}]\r\n[t.\"u\"]\nd = 1979-05-27 07:32:00Z\ns = \"\\u00e9\"\n[[l]]\nh = 0xff"
                .utf8
        )
        var random = LinearCongruence(state: 42)
        for _ in 0..<5_000 {
            var bytes = seed
            for _ in 0..<Int(random.next() % 4) {
                let place = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 3 {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.remove(at: place)
                default: bytes.insert(seed[Int(random.next() % UInt64(seed.count))], at: place)
                }
            }
            _ = try? TOMLReader.read(Array(bytes.prefix(Int(random.next() % UInt64(bytes.count + 1)))))
        }
    }

    private func rendered(_ value: TOMLValue) -> String {
        switch value {
        case .string(let text): "'\(text)'"
        case .integer(let number): String(number)
        case .float(let number): String(number)
        case .boolean(let flag): String(flag)
        case .time(let text): "@\(text)"
        case .array(let items): "[" + items.map { rendered($0.value) }.joined(separator: ",") + "]"
        case .table(let table):
            "{" + table.entries.map { "\($0.key):\(rendered($0.item.value))" }.joined(separator: ",") + "}"
        }
    }
}

/// A small generator of the same numbers each time (Knuth's MMIX constants).
struct LinearCongruence: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 16
    }
}
