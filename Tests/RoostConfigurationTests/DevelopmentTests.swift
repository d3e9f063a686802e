import RoostConfiguration
import Testing

@Suite struct `The configuration of development` {
    @Test func `reload means one process and a short drain, unless told otherwise`() throws {
        let plain = try load("shop:app --reload").configuration
        #expect(plain.workers.processes == 1)
        #expect(plain.workers.threads == 8)
        #expect(plain.lifecycle.drainTimeout == .seconds(2))
        let told = try load("shop:app --reload --processes 2 --drain-timeout 9s").configuration
        #expect(told.workers.processes == 2)
        #expect(told.lifecycle.drainTimeout == .seconds(9))
        #expect(try load("shop:app").configuration.lifecycle.drainTimeout == .seconds(30))
    }

    @Test func `reload ignores preload, and says so`() throws {
        let resolved = try load("shop:app --reload --preload")
        #expect(!resolved.configuration.workers.preloadsApp)
        #expect(resolved.reasons.contains { $0.hasPrefix("preload false: ignored") })
        #expect(try load("shop:app --preload").configuration.workers.preloadsApp)
    }

    @Test func `the code is below the app's directory, beside its file, and where else it is said to be`() throws {
        let configuration = try load("lib/shop.py:app --reload --app-dir src --reload-dir ../tools").configuration
        #expect(configuration.codeDirectories == ["/srv/app/src", "/srv/app/lib", "/srv/app/../tools"])
    }

    @Test func `a pattern of nothing is refused`() {
        #expect(failure("shop:app --reload-include /").contains("'/' is no pattern of a file"))
        #expect(failure("shop:app --reload-exclude ./").contains("no pattern"))
    }
}
