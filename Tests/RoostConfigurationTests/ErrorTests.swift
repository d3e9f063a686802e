import RoostConfiguration
import Testing

@Suite struct `Errors of the configuration` {
    @Test func `every problem is reported at once, each with its place and its remedy`() {
        let files = files(["/srv/app/roost.toml": "queue-limt = 5\n\nthreads = \"many\"\nkeep-alive = 'soon'\n"])
        #expect(
            failure("shop:app --quue-limit 5 --processes 0", environment: ["ROOST_THREAD": "4"], files: files) == """
                ConfigurationError: 6 problems
                ├─ unknown key 'queue-limt'
                │  ├─ Where: /srv/app/roost.toml:1
                │  └─ Try: queue-limit
                ├─ threads is a string, and takes a whole number or "auto"
                │  └─ Where: /srv/app/roost.toml:3
                ├─ unknown variable 'ROOST_THREAD'
                │  ├─ Where: env ROOST_THREAD
                │  └─ Try: ROOST_THREADS
                ├─ unknown flag '--quue-limit'
                │  ├─ Where: flag --quue-limit
                │  └─ Try: --queue-limit
                ├─ keep-alive: 'soon' is not a duration
                │  ├─ Where: /srv/app/roost.toml:4
                │  └─ Try: 30, 30s, 500ms, 2m or 1h
                └─ processes: 0 is not between 1 and 256
                   └─ Where: flag --processes
                """
        )
    }

    @Test func `the error of one problem says what to do`() {
        #expect(
            failure("") == """
                ConfigurationError: the configuration has a problem
                └─ there is no app to serve
                   └─ Try: roost serve module:app, or target = "module:app" in roost.toml
                """
        )
    }

    @Test(
        arguments: [
            ("shop:app --threads", "--threads needs a value", "--threads N"),
            ("shop:app --threads --bind 1", "--threads needs a value", "--threads N"),
            ("shop:app --threads -1", "threads: -1 is not between 1 and 256", nil),
            ("shop:app other:app", "one target only: 'other:app' is one too many", nil),
            ("shop:app --no-proxy-protocol=1", "--no-proxy-protocol takes no value", nil),
            ("shop:app --proxy-protocol=maybe", "proxy-protocol: 'maybe' is neither true nor false", nil),
            ("shop:app --threads 2.5", "threads: '2.5' is not a whole number", nil),
            ("shop:app --threads 99999999999999999999", "threads: '99999999999999999999' is not a whole number", nil),
            ("shop:app --queue-timeout 0", "queue-timeout: 0 is not between 1ms and 24h", nil),
            ("shop:app --queue-timeout 2d", "queue-timeout: '2d' is not a duration", "30, 30s, 500ms, 2m or 1h"),
            ("shop:app --log-level loud", "log-level: 'loud' is none of debug, info, notice, warning, error", nil),
            ("shop:app --warm-up ping", "warm-up: 'ping' is not a path", "/ or none"),
            ("shop:app --critical api", "critical: 'api' is not the beginning of a path", "/api/"),
            ("shop:app --max-header-bytes 1", "max-header-bytes: 1 is not between 1KiB and 1MiB", nil),
            ("shop:app --max-body-bytes huge", "max-body-bytes: 'huge' is not a size", "65536, 64KiB, 10MB or 1G"),
            ("shop:app --bind 80:90:100", "bind: '80:90:100' has an IPv6 address without brackets", "[80:90]:8000"),
            ("shop:app --bind :99999", "bind: ':99999' has a port above 65535", nil),
            ("shop:app --bind /run/x", "bind: '/run/x' is a path", "unix:/run/x"),
            ("shop:app --bind [zz]:1", "bind: 'zz' is not an IPv6 address", nil),
            ("shop:app -b :1 -b :1", "bind: ':1' is given twice", nil),
            (
                "shop:app --bind localhost", "bind: 'localhost' is not an address",
                "127.0.0.1:8000, [::1]:8000, :8000, 8000 or unix:/path"
            ),
            (
                "shop:app --forwarded-allow-ips 10.0.0.0/33",
                "forwarded-allow-ips: '10.0.0.0/33' is neither an IP address nor a network",
                "10.0.0.0/8, ::1, unix, * or none"
            ),
            ("shop:app --admin unix:/x", "admin: 'unix:/x' is a Unix socket", "admin-socket for a path"),
            ("shop:app --python python4", "python: 'python4' is no program", nil),
            ("shop:app --config none.toml", "there is no file '/srv/app/none.toml'", nil),
            (
                "shop:app -c gunicorn.conf.py", "there is no file '/srv/app/gunicorn.conf.py'",
                "a TOML file; Python files of gunicorn are not read"
            ),
            (
                "shop:app --timeout 30", "unknown flag '--timeout'",
                "--request-timeout (running), --queue-timeout (waiting) or --graceful-timeout (stopping)"
            ),
            ("shop:app --xyzzyplugh", "unknown flag '--xyzzyplugh'", nil),
        ] as [(String, String, String?)]
    )
    func `a command line that cannot be meant is refused in so many words`(
        arguments: String,
        reason: String,
        suggestion: String?
    ) {
        #expect(throws: ConfigurationError.self) { try load(arguments) }
        do {
            _ = try load(arguments)
        } catch {
            #expect(error.problems.map(\.reason) == [reason])
            #expect(error.problems.map(\.suggestion) == [suggestion])
        }
    }

    @Test(arguments: [
        ("threads = 1\nthreads = 2", 2, "not TOML: 'threads' already has a value (column 1)"),
        ("threads = yes", 1, "not TOML: 'yes' is not a value (a text needs quotes) (column 11)"),
        ("\n[queue]\nlimit = 1", 2, "unknown key 'queue'"),
        ("queue_limit = 1", 1, "unknown key 'queue_limit'"),
        ("config = 'x'", 1, "unknown key 'config'"),
        ("proxy-protocol = 'yes'", 1, "proxy-protocol is a string, and takes true or false"),
        ("bind = [true]", 1, "bind is an array, and takes a string such as \"127.0.0.1:8000\", or an array of them"),
        ("threads = 1.5", 1, "threads is a decimal number, and takes a whole number or \"auto\""),
        ("keep-alive = 2026-01-01", 1, "keep-alive is a date or time, and takes seconds or a string such as \"30s\""),
        ("\n\nmax-body-bytes = -1", 3, "max-body-bytes: '-1' is not a size"),
    ])
    func `a mistake in the file is reported with its line`(text: String, line: Int, reason: String) {
        do {
            _ = try load(files: files(["/srv/app/roost.toml": text]))
            Issue.record("loaded")
        } catch {
            #expect(error.problems.map(\.reason) == [reason])
            #expect(error.problems.map(\.origin) == [.file(path: "/srv/app/roost.toml", line: line)])
        }
    }

    @Test(arguments: [
        (
            "--max-target-bytes 64KiB", "flag --max-target-bytes",
            "max-target-bytes (64KiB) is more than max-header-bytes (32KiB), which includes it"
        ),
        (
            "--body-memory 1MiB --max-body-bytes 1000", "flag --body-memory",
            "body-memory (1MiB) is more than max-body-bytes (1000): no body is that long"
        ),
        ("--critical /a --sheddable /a", "flag --sheddable", "'/a' is both critical and sheddable"),
        ("--admin 127.0.0.1:8000", "flag --admin", "admin and bind are both 127.0.0.1:8000"),
        (
            "--admin-socket /run/x --bind unix:/run/x", "flag --admin-socket",
            "admin-socket and bind are both /run/x"
        ),
        (
            "--proxy-protocol --forwarded-allow-ips none", "flag --proxy-protocol",
            "proxy-protocol expects a header that forwarded-allow-ips (none) lets nobody send"
        ),
        (
            "--max-connections 2000", "flag --max-connections",
            "max-connections (2000) needs a file descriptor for each connection, and this process can have 1024"
        ),
        (
            "--access-log off --access-log-file x", "flag --access-log",
            "access-log-file is given, and access-log is off"
        ),
    ])
    func `values that cannot hold together are refused with one message`(
        flags: String,
        origin: String,
        reason: String
    ) {
        do {
            _ = try load("shop:app " + flags, facts: MachineFacts(affinityCPUs: 1, descriptorLimit: 1_024))
            Issue.record("loaded")
        } catch {
            #expect(error.problems.map(\.reason) == [reason])
            #expect(error.problems.map { $0.origin?.description } == [origin])
            #expect(error.shortDescription == "conflict")
        }
    }

    @Test func `a small body limit alone is no conflict with the default for memory`() throws {
        #expect(try load("a:b --max-body-bytes 1000").configuration.http.maximumBodyBytes == ByteCount(bytes: 1_000))
        #expect(try load("a:b --max-body-bytes 0").configuration.http.maximumBodyBytes == nil)
    }

    @Test func `two files that both configure Roost are an error`() {
        let files = files([
            "/srv/app/roost.toml": "threads = 1", "/srv/app/pyproject.toml": "\n[tool.roost]\nthreads = 2",
        ])
        #expect(
            failure(files: files) == """
                ConfigurationError: the configuration has a problem
                └─ both roost.toml and [tool.roost] of pyproject.toml are there
                   ├─ Where: /srv/app/pyproject.toml:2
                   └─ Try: keep one of them, or name it with --config
                """
        )
    }

    @Test func `a file that cannot be read is an error, not an absent one`() {
        let locked = Files(
            contents: { path throws(Files.ReadError) in
                if path.hasSuffix("roost.toml") { throw Files.ReadError(reason: "Permission denied") }
                return nil
            },
            isExecutable: { _ in true }
        )
        #expect(failure(files: locked).contains("cannot read '/srv/app/roost.toml': Permission denied"))
    }

    @Test func `a value that a flag replaces is still checked`() {
        #expect(failure("a:b --threads 2", environment: ["ROOST_THREADS": "x"]).contains("'x' is not a whole number"))
    }

    @Test func `no Python anywhere is an error that says where was looked`() {
        #expect(failure(files: files(programs: [])).contains("no Python was found: no active virtual environment"))
    }

    @Test func `a socket path that the kernel would cut is refused`() {
        let long = String(repeating: "d", count: 110)
        #expect(failure("a:b --admin-socket /\(long)").contains("has 111 bytes; a Unix socket's path has at most 107"))
        #expect(failure(environment: ["XDG_RUNTIME_DIR": "/\(long)"]).contains("longer than the 107 bytes"))
    }
}
