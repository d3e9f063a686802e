import Testing

@testable import Workers

@Suite struct FlatJSONTests {
    static func read(_ bytes: [UInt8]) -> [String: FlatJSON.Value]? {
        bytes.withUnsafeBytes { FlatJSON.object(from: $0) }
    }

    static func read(_ text: String) -> [String: FlatJSON.Value]? { read(Array(text.utf8)) }

    @Test func `reads every kind of value`() {
        let text = #" { "a" : "b", "n":-12 ,"x":1.5e3,"t":true,"f":false,"z":null, "":"" } "#
        #expect(
            Self.read(text) == [
                "a": .string("b"), "n": .integer(-12), "x": .number(1500), "t": .boolean(true), "f": .boolean(false),
                "z": .null, "": .string(""),
            ]
        )
        #expect(Self.read("{}") == [:])
    }

    @Test func `reads what Python writes for text beyond ASCII`() {
        #expect(Self.read(#"{"s":"\u00e9\ud83d\udc14\n\t\"\\\/\b\f\r"}"#) == ["s": .string("é🐔\n\t\"\\/\u{8}\u{C}\r")])
        // Undecodable bytes of a file name: half of a pair.
        #expect(Self.read(#"{"s":"a\udcffb\ud800\u0041\ud800"}"#) == ["s": .string("a\u{FFFD}b\u{FFFD}A\u{FFFD}")])
    }

    @Test func `what is written is read back`() {
        let fields: [(name: String, value: FlatJSON.Value)] = [
            ("text", .string("\"\\\0\u{1F}\n é🐔 /")), ("count", .integer(.min)), ("share", .number(0.25)),
            ("yes", .boolean(true)), ("nothing", .null),
        ]
        let read = Self.read(FlatJSON.text(fields))
        #expect(read == Dictionary(uniqueKeysWithValues: fields.map { ($0.name, $0.value) }))
    }

    @Test(arguments: [
        "", " ", "{", "}", "[]", "1", #""a""#, "null", "{}{}", "{} x", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#,
        #"{,"a":1}"#,
        #"{"a":1 "b":2}"#, #"{a:1}"#, #"{'a':1}"#, #"{"a":{}}"#, #"{"a":[]}"#, #"{"a":1,"a":2}"#, #"{"a":01}"#,
        #"{"a":-}"#,
        #"{"a":+1}"#, #"{"a":.5}"#, #"{"a":1.}"#, #"{"a":1e}"#, #"{"a":NaN}"#, #"{"a":Infinity}"#, #"{"a":tru}"#,
        #"{"a":"b}"#,
        #"{"a":"\x"}"#, #"{"a":"\u12"}"#, #"{"a":"\u12g4"}"#, "{\"a\":\"\n\"}", "{\"a\":\"\\", "\u{FEFF}{}",
    ])
    func `refuses what is not a flat object`(text: String) {
        #expect(Self.read(text) == nil)
    }

    @Test func `refuses bytes that are no UTF-8`() {
        #expect(Self.read(Array(#"{"a":""#.utf8) + [0xFF] + Array(#""}"#.utf8)) == nil)
    }

    @Test func `refuses what is too long or has too many fields`() {
        #expect(Self.read("{}" + String(repeating: " ", count: FlatJSON.maximumBytes - 2)) == [:])
        #expect(Self.read("{}" + String(repeating: " ", count: FlatJSON.maximumBytes - 1)) == nil)
        func object(_ count: Int) -> String { "{" + (0..<count).map { "\"\($0)\":0" }.joined(separator: ",") + "}" }
        #expect(Self.read(object(FlatJSON.maximumFields)) != nil)
        #expect(Self.read(object(FlatJSON.maximumFields + 1)) == nil)
    }

    @Test func `no cut and no changed byte of a message can trap`() {
        let good = Array(#"{"type":"ready","pid":12,"x":-1.5e+9,"s":"\ud83d\udc14\u00e9","t":true,"n":null}"#.utf8)
        #expect(Self.read(good) != nil)
        for end in good.indices { #expect(Self.read(Array(good[..<end])) == nil) }
        for index in good.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = good
                changed[index] = byte
                _ = changed.withUnsafeBytes { WorkerReport($0) }
            }
        }
    }
}

@Suite struct WorkerReportTests {
    static func read(_ text: String) -> WorkerReport? {
        Array(text.utf8).withUnsafeBytes { WorkerReport($0) }
    }

    @Test func `a ready worker introduces itself`() {
        let report = Self.read(
            #"{"type":"ready","pid":7,"python":"3.11.7","app":"flask.app.Flask","import_seconds":0.25}"#
        )
        let introduction = WorkerIntroduction(
            python: "3.11.7",
            application: "flask.app.Flask",
            importTime: .milliseconds(250)
        )
        #expect(report == .ready(introduction))
    }

    @Test(arguments: ["-1", "1e300", "\"soon\"", "99999999999", "null"])
    func `an import time that makes no sense is none`(seconds: String) {
        #expect(Self.read(#"{"type":"ready","import_seconds":\#(seconds)}"#) == .ready(WorkerIntroduction()))
    }

    @Test func `a failure is told in the worker's words`() {
        let report = Self.read(
            #"{"type":"failed","title":"t","reason":"r","traceback":"Traceback","hint":"h","cause":"c"}"#
        )
        let failure = StartupFailure(
            .notLoaded,
            title: "t",
            reason: "r",
            cause: "c",
            hint: "h",
            traceback: "Traceback"
        )
        #expect(report == .failed(failure))
    }

    @Test func `a worker tells of the pools inside its app, within reason`() {
        let report = Self.read(
            #"{"type":"pools","anyio_threads":40,"anyio_busy":3,"anyio_waiting":99999999999,"other_threads":1}"#
        )
        #expect(report == .pools([AppPool(kind: .anyio, threads: 40, busy: 3, waiting: 1_000_000)]))
        #expect(Self.read(#"{"type":"pools"}"#) == .pools([]))
    }

    @Test(arguments: ["-1", "1.5", "\"4\"", "null"])
    func `pools whose numbers are none are a broken protocol`(_ number: String) {
        let message = #"{"type":"pools","executor_threads":6,"executor_busy":1,"executor_waiting":\#(number)}"#
        #expect(Self.read(message) == nil)
        #expect(Self.read(#"{"type":"pools","executor_threads":6,"executor_busy":1}"#) == nil)
    }

    @Test(arguments: ["{}", #"{"type":1}"#, #"{"type":"hello"}"#, #"{"type":"log"}"#])
    func `anything else is no report`(text: String) {
        #expect(Self.read(text) == nil)
    }
}
