import Testing

@testable import RoostConfiguration

@Suite struct `The table of options` {
    @Test func `no two options share a name, a flag or a variable`() {
        let flags = OptionTable.all.flatMap(\.flags)
        #expect(Set(flags).count == flags.count)
        let variables = OptionTable.all.map(\.environmentName)
        #expect(Set(variables).count == variables.count)
    }

    @Test(arguments: OptionTable.all.map(\.name))
    func `an option prints a value that it reads back, and says what it does`(name: String) throws {
        let option = try #require(OptionTable.option(named: name))
        var configuration = try load("shop:app -b unix:/x --admin :9 --critical /a --sheddable /b").configuration
        let before = configuration
        let texts = option.texts(configuration)
        #expect(option.isRepeatable || texts.count == 1)
        try option.read(texts, "/", &configuration)
        #expect(configuration == before)
        #expect(!option.summary.isEmpty && !option.summary.hasSuffix("."))
        #expect(option.discussion.hasSuffix("."))
        #expect(name.allSatisfy { $0.isLowercase || $0 == "-" })
        #expect(option.metavariable.isEmpty == (option.kind == .boolean))
    }

    @Test(arguments: OptionTable.all.filter { $0.sources == .usual && $0.kind != .boolean }.map(\.name))
    func `an option can be given in a file, a variable and a flag alike`(name: String) throws {
        let option = try #require(OptionTable.option(named: name))
        let configuration = try load("shop:app --critical /a --sheddable /b --admin :9").configuration
        let text = option.text(in: configuration)
        let toml = option.kind == .integer ? text : "'\(text)'"
        let file =
            option.isRepeatable
            ? "[" + option.texts(configuration).map { "'\($0)'" }.joined(separator: ",") + "]" : toml
        let fromFile = try load(files: files(["/srv/app/roost.toml": "\(name) = \(file)"]))
        let fromVariable = try load(environment: [option.environmentName: text])
        let fromFlag = try load("shop:app --\(name) \(text)")
        #expect(option.text(in: fromFile.configuration) == text)
        #expect(option.text(in: fromVariable.configuration) == text)
        #expect(option.text(in: fromFlag.configuration) == text)
        #expect(fromFlag.origins[name] == .flag("--\(name)"))
    }

    @Test func `the names that scripts rely on exist`() {
        for name in [
            "bind", "processes", "threads", "queue-limit", "queue-timeout", "admin", "app-dir", "python",
            "graceful-timeout", "forwarded-allow-ips",
        ] {
            #expect(OptionTable.option(flag: "--\(name)") != nil)
        }
    }
}
