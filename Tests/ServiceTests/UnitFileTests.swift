import Testing

@testable import Service

@Suite struct UnitFileTests {
    private func unit(_ name: String = "shop", directory: String = "/srv/shop", _ words: [String] = []) -> UnitFile {
        UnitFile(name: name, user: "shop", program: "/usr/bin/roost", directory: directory, arguments: words)
    }

    @Test func `two services share neither a directory nor an admin socket`() {
        for name in ["shop", "sales"] {
            let lines = unit(name).service.split(separator: "\n")
            #expect(lines.contains("RuntimeDirectory=roost-\(name)"))
            #expect(lines.contains("Environment=ROOST_ADMIN_SOCKET=/run/roost-\(name)/admin.sock"))
            #expect(lines.contains("Wants=\(name).socket"))
        }
    }

    @Test func `what systemd would replace is escaped`() {
        #expect(UnitFile.command(["a%b", "$X", "two words", "", #"q"\"#]) == #"a%%b $$X "two words" "" "q\"\\""#)
        #expect(unit(directory: "/srv/50%").service.contains("WorkingDirectory=/srv/50%%\n"))
    }

    @Test func `homes are hidden unless something is read from there`() {
        #expect(unit().service.contains("ProtectHome=yes"))
        #expect(unit(directory: "/homes/shop").service.contains("ProtectHome=yes"))
        var inHome = unit()
        inHome.read = ["/home/shop/.venv/bin/python"]
        #expect(inHome.inHomes == ["/home/shop/.venv/bin/python"])
        #expect(inHome.service.contains("ProtectHome=read-only"))
    }

    @Test func `a low port needs one capability, others none`() {
        var low = unit()
        #expect(low.service.contains("CapabilityBoundingSet=\n"))
        low.needsLowPort = true
        #expect(low.service.contains("AmbientCapabilities=CAP_NET_BIND_SERVICE\n"))
    }

    @Test(arguments: ["", "-x", "a/b", "shop@x", "a b", ".x", "ü"])
    func `other names are no units`(name: String) {
        #expect(!UnitFile.isName(name))
    }
}
