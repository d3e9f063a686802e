import RoostConfiguration
import Testing

@Suite struct `Layers of the configuration` {
    @Test func `an empty command line with a target gives the documented defaults`() throws {
        let configuration = try load("shop.wsgi:application").configuration
        #expect(configuration.application.target?.description == "shop.wsgi:application")
        #expect(configuration.application.directory == "/srv/app")
        #expect(configuration.application.python == "/usr/bin/python3")
        #expect(configuration.listeners == [.tcp(host: "127.0.0.1", port: 8_000)])
        #expect(configuration.workers.processes == 2)
        #expect(configuration.workers.threads == 4)
        #expect(configuration.queue.limit == 100)
        #expect(configuration.queue.timeout == .seconds(30))
        #expect(configuration.http == ServerConfiguration().http.with(connections: 20_000))
        #expect(configuration.admin.address == nil)
        #expect(configuration.admin.socket == "/tmp/roost-1000/8000.sock")
        #expect(configuration.logging.accessLog == .off)
    }

    @Test func `flags win over variables, variables over the file, the file over defaults`() throws {
        let files = files(["/srv/app/roost.toml": "threads = 3\nprocesses = 3\nqueue-limit = 3\n"])
        let resolved = try load(
            "shop:app --threads 5",
            environment: ["ROOST_THREADS": "4", "ROOST_PROCESSES": "4"],
            files: files
        )
        #expect(resolved.configuration.workers.threads == 5)
        #expect(resolved.configuration.workers.processes == 4)
        #expect(resolved.configuration.queue.limit == 3)
        #expect(resolved.configuration.queue.timeout == .seconds(30))
        #expect(resolved.origins["threads"] == .flag("--threads"))
        #expect(resolved.origins["processes"] == .environment(name: "ROOST_PROCESSES"))
        #expect(resolved.origins["queue-limit"] == .file(path: "/srv/app/roost.toml", line: 3))
        #expect(resolved.origins["queue-timeout"] == nil)
    }

    @Test func `the habits of gunicorn work where they have a meaning`() throws {
        let configuration = try load(
            "-w4 --threads=2 -b 0.0.0.0:80 -b [::1]:81 --chdir src --access-logfile - shop:app"
        ).configuration
        #expect(configuration.workers.processes == 4)
        #expect(configuration.workers.threads == 2)
        #expect(configuration.listeners == [.tcp(host: "0.0.0.0", port: 80), .tcp(host: "::1", port: 81)])
        #expect(configuration.application.directory == "/srv/app/src")
        #expect(configuration.logging.accessLog == .text)
        #expect(try load("shop:app --workers 7").configuration.workers.processes == 7)
    }

    @Test func `a repeatable option of a later layer replaces all of an earlier one`() throws {
        let files = files(["/srv/app/roost.toml": "bind = [8001, \"unix:shop.sock\"]\n"])
        #expect(
            try load(files: files).configuration.listeners
                == [.tcp(host: "127.0.0.1", port: 8_001), .unix(path: "/srv/app/shop.sock")]
        )
        #expect(
            try load(environment: ["ROOST_BIND": ":1, :2"], files: files).configuration.listeners
                == [.tcp(host: "0.0.0.0", port: 1), .tcp(host: "0.0.0.0", port: 2)]
        )
    }

    @Test func `a boolean has a flag for yes and one for no, and the last one wins`() throws {
        #expect(try load("a:b --proxy-protocol").configuration.trust.expectsProxyProtocol)
        #expect(try !load("a:b --proxy-protocol --no-proxy-protocol").configuration.trust.expectsProxyProtocol)
        #expect(try load(environment: ["ROOST_PROXY_PROTOCOL": "on"]).configuration.trust.expectsProxyProtocol)
    }

    @Test func `pyproject.toml is read for its table only, and by its own lines`() throws {
        let project = """
            [project]
            name = "shop"  # not ours
            dependencies = [
                "dash>=2",
            ]
            [tool.other]
            threads = 99

            [tool.roost]
            target = "shop:server"
            threads = 6
            """
        let resolved = try load("", files: files(["/srv/app/pyproject.toml": project]))
        #expect(resolved.configuration.application.target?.description == "shop:server")
        #expect(resolved.origins["threads"] == .file(path: "/srv/app/pyproject.toml", line: 11))
        #expect(
            try load(files: files(["/srv/app/pyproject.toml": "[project]\nname = 'x'"])).origins["threads"]
                == .automatic(reason: "so that a request which waits for a database does not hold up the next")
        )
    }

    @Test func `a named file is read instead, with paths from its own directory`() throws {
        let files = files([
            "/etc/roost/shop.toml": "app-dir = 'src'\nthreads = 2\naccess-log-file = '/var/log/shop'",
            "/srv/app/roost.toml": "threads = 3",
        ])
        let resolved = try load("shop:app -c /etc/roost/shop.toml", files: files)
        #expect(resolved.configuration.workers.threads == 2)
        #expect(resolved.configuration.application.directory == "/etc/roost/src")
        #expect(
            try load(
                environment: ["ROOST_CONFIG": "../../etc/roost/shop.toml"],
                files: RoostConfiguration.Files(
                    contents: { $0 == "/srv/app/../../etc/roost/shop.toml" ? Array("threads = 9".utf8) : nil },
                    isExecutable: { _ in true }
                )
            ).configuration.workers.threads == 9
        )
    }

    @Test func `an empty variable counts as absent, and what Kubernetes injects is no option`() throws {
        let resolved = try load(environment: [
            "ROOST_THREADS": "", "ROOST_BINARY": "/x", "ROOST_SERVICE_HOST": "10.0.0.1", "ROOST_SERVICE_PORT": "80",
            "ROOST_PORT": "tcp://10.0.0.1:80", "ROOST_PORT_80_TCP_ADDR": "10.0.0.1",
            "ROOST_WEB_SERVICE_PORT_HTTP": "80",
        ])
        #expect(resolved.configuration.workers.threads == 4)
    }

    @Test func `auto takes a value of an earlier layer back`() throws {
        let files = files(["/srv/app/roost.toml": "processes = 7\nqueue-limit = 5"])
        let resolved = try load("shop:app --processes auto", environment: ["ROOST_QUEUE_LIMIT": "auto"], files: files)
        #expect(resolved.configuration.workers.processes == 2)
        #expect(resolved.configuration.queue.limit == 100)
    }

    @Test func `a target is not needed to show the configuration`() throws {
        let resolved = try load("", files: files(programs: []), requiresTarget: false)
        #expect(resolved.configuration.application.target == nil)
    }

    @Test func `what follows two hyphens is an argument`() throws {
        #expect(try load("--threads 2 -- shop:app").configuration.application.target?.description == "shop:app")
    }
}

extension ServerConfiguration.HTTP {
    fileprivate func with(connections: Int) -> Self {
        var copy = self
        copy.maximumConnections = connections
        return copy
    }
}
