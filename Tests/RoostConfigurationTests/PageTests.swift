import Foundation
import RoostConfiguration
import Testing

@Suite struct `Pages made from the options` {
    /// The page in `docs`.
    ///
    /// To write it anew: `ROOST_WRITE_PAGES=1 swift test --filter ConfigurationTests`.
    @Test func `the reference page in docs is the one the options make`() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/configuration.md")
        if ProcessInfo.processInfo.environment["ROOST_WRITE_PAGES"] == "1" {
            try ReferencePage.markdown.write(to: page, atomically: false, encoding: .utf8)
        }
        #expect(try String(contentsOf: page, encoding: .utf8) == ReferencePage.markdown)
    }

    @Test func `the help fits a terminal, groups the options and names each once`() {
        let help = HelpPage.text(command: "serve")
        for line in help.split(separator: "\n") { #expect(line.count <= 100, "\(line)") }
        for option in OptionTable.all where option.sources.contains(.flag) {
            #expect(help.contains("--\(option.name)") || help.contains("--[no-]\(option.name)"))
        }
        #expect(help.contains("  -w, --processes N          worker processes (P) [auto]"))
    }

    @Test func `help is asked for before two hyphens only`() {
        #expect(HelpPage.isAskedFor(by: ["shop:app", "--help"]))
        #expect(HelpPage.isAskedFor(by: ["-h"]))
        #expect(!HelpPage.isAskedFor(by: ["--", "-h"]))
    }

    @Test func `one option is explained by any of its names`() {
        let text = HelpPage.text(of: "queue-limit")
        #expect(text?.contains("Default: auto (12 for each thread of each process, at least 100)") == true)
        #expect(HelpPage.text(of: "ROOST_QUEUE_LIMIT") == text)
        #expect(HelpPage.text(of: "-w")?.hasPrefix("-w, --processes N") == true)
        #expect(HelpPage.text(of: "nonsense") == nil)
    }

    @Test func `the explanation shows each value with its origin`() throws {
        let text = try load("shop:app --threads 3", environment: ["ROOST_BIND": "9000"]).explain()
        #expect(text.split(separator: "\n").count == OptionTable.all.count)
        #expect(text.split(separator: "\n").first { $0.hasPrefix("threads ") }?.hasSuffix("  flag --threads") == true)
        #expect(text.split(separator: "\n").first { $0.hasPrefix("bind ") }?.hasSuffix("  env ROOST_BIND") == true)
        #expect(text.split(separator: "\n").first { $0.hasPrefix("keep-alive ") }?.hasSuffix("  default") == true)
        #expect(text.split(separator: "\n").first { $0.hasPrefix("target ") }?.hasSuffix("  argument") == true)
    }

    @Test func `the reasons at the start name what was worked out, and only that`() throws {
        #expect(
            try load("shop:app --threads 3").reasons == [
                "processes 2: 2 CPUs usable (affinity 2)",
                "python /usr/bin/python3: python3 on PATH, no virtual environment",
            ]
        )
    }

    @Test func `what is about threads only is named apart, for it may turn out that there are none`() throws {
        #expect(
            try load("shop:app --threads 3").threadReasons == [
                "queue-limit 100: so that the dozen requests of a page are not refused: 12 for each of 6 threads, at least 100"
            ]
        )
        let loops = try load("shop:app --interface asgi")
        #expect(loops.configuration.size == "2 event loops (asgi), 256 in flight in each")
        #expect(try load("shop:app").configuration.size == "2 worker processes")
        #expect(try load("shop:app --interface wsgi").configuration.size == "2 x 4 threads")
    }

    @Test func `the configuration is JSON, with units in the names`() throws {
        struct Entry: Decodable {
            var origin: String
            var seconds: Double?
            var bytes: Int?
        }
        let json = try load("a:b --app-dir x\"\\y --queue-timeout 1500ms").asJSON
        let entries = try JSONDecoder().decode([String: Entry].self, from: Data(json.utf8))
        #expect(entries.count == OptionTable.all.count)
        #expect(entries["queue-timeout"]?.seconds == 1.5)
        #expect(entries["body-memory"]?.bytes == 65_536)
        #expect(entries["queue-timeout"]?.origin == "flag --queue-timeout")
        #expect(json.contains("\"threads\": {\"value\": 4, "))
        #expect(json.contains("\"bind\": {\"value\": [\"127.0.0.1:8000\"], "))
        #expect(json.contains("\"proxy-protocol\": {\"value\": false, "))
    }
}
