import Testing

@testable import RoostConfiguration

@Suite struct `A changed configuration` {
    @Test func `gives the options that are taken, and leaves the others as they were`() throws {
        let running = try load("shop:app --threads 4 --body-memory 64KiB --keep-alive 5s")
        let changed = try load("store:app --threads 6 --body-memory 4KiB --keep-alive 9s --max-rss 1GiB")
        let result = running.taking(["target", "threads", "max-rss"], from: changed).configuration
        #expect(result.application.target == changed.configuration.application.target)
        #expect(result.workers.threads == 6)
        #expect(result.lifecycle.maximumMemory == .gibibytes(1))
        #expect(result.buffering == running.configuration.buffering)
        #expect(result.http == running.configuration.http)
    }

    @Test(arguments: OptionTable.all.map(\.name))
    func `can give each option, alone`(name: String) throws {
        let running = try load("shop:app")
        let changed = try load("store:app --critical /a --admin :9 --threads 3 --processes 2 --max-requests 10")
        let option = try #require(OptionTable.option(named: name))
        let result = running.taking([name], from: changed)
        #expect(option.texts(result.configuration) == option.texts(changed.configuration))
    }
}
