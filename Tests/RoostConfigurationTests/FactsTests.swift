import Testing

@testable import RoostConfiguration

@Suite struct `Facts and what follows from them` {
    @Test(
        arguments: [
            ("max 100000\n", nil), ("150000 100000\n", 1.5), ("50000 100000\n", 0.5), ("garbage", nil), ("", nil),
            ("-1 100000", nil), ("100000 0", nil), ("inf inf", nil), ("1e308 1e-308", nil), ("nan 1", nil),
        ] as [(String, Double?)]
    )
    func `a quota of version 2 is a share of a period`(text: String, quota: Double?) {
        let groups = ControlGroups(
            files: files([
                "/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/b/cpu.max": text,
            ])
        )
        #expect(groups.quotaCPUs == quota)
    }

    @Test func `the least limit on the way up counts`() {
        let groups = ControlGroups(
            files: files([
                "/proc/self/cgroup": "0::/a:x/b\n",
                "/sys/fs/cgroup/a:x/cpu.max": "100000 100000", "/sys/fs/cgroup/a:x/b/cpu.max": "400000 100000",
                "/sys/fs/cgroup/memory.max": "1000\n", "/sys/fs/cgroup/a:x/memory.max": "max\n",
                "/sys/fs/cgroup/a:x/b/memory.max": "2000\n",
            ])
        )
        #expect(groups.quotaCPUs == 1)
        #expect(groups.memoryLimit == 1_000)
    }

    @Test func `version 1 is read at its own mounts, also where the path is the host's`() {
        let groups = ControlGroups(
            files: files([
                "/proc/self/cgroup": "5:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n0::/\n",
                "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "250000\n", "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes": "536870912\n",
            ])
        )
        #expect(groups.quotaCPUs == 2.5)
        #expect(groups.memoryLimit == 512 << 20)
    }

    @Test func `no quota of version 1 is -1`() {
        let groups = ControlGroups(
            files: files([
                "/proc/self/cgroup": "4:cpu:/\n", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            ])
        )
        #expect(groups.quotaCPUs == nil)
    }

    @Test(arguments: [("0-3", 4), ("0", 1), ("0-1,4-7,9", 7)])
    func `the CPUs allowed are counted in ranges`(list: String, count: Int) {
        let files = files(["/proc/self/status": "Name:\troost\nCpus_allowed_list:\t\(list)\n"])
        #expect(MachineFacts.schedulableCPUs(files: files) == count)
    }

    @Test(arguments: ["", "x", "3-1", "-", "0-99999999999999999999", "0-4294967296"])
    func `a list of CPUs that makes no sense falls back to those online`(list: String) {
        let files = files(["/proc/self/status": "Cpus_allowed_list:\t\(list)\n"])
        let online = MachineFacts.schedulableCPUs(files: Files(contents: { _ in nil }, isExecutable: { _ in false }))
        #expect(MachineFacts.schedulableCPUs(files: files) == online)
    }

    @Test func `this machine has facts`() {
        let facts = MachineFacts.read()
        #expect(facts.affinityCPUs >= 1)
        #expect(facts.descriptorLimit >= 64)
        #expect((facts.memory?.bytes ?? 0) > 1 << 20)
    }

    @Test(arguments: [
        (MachineFacts(affinityCPUs: 1), 1, 8, "1 CPU usable (affinity 1)"),
        (MachineFacts(affinityCPUs: 2), 2, 4, "2 CPUs usable (affinity 2)"),
        (MachineFacts(affinityCPUs: 4, quotaCPUs: 1.5), 2, 4, "2 CPUs usable (cgroup quota 1.5, affinity 4)"),
        (MachineFacts(affinityCPUs: 4, quotaCPUs: 0.25), 1, 8, "1 CPU usable (cgroup quota 0.3, affinity 4)"),
        (MachineFacts(affinityCPUs: 2, quotaCPUs: 64), 2, 4, "2 CPUs usable (cgroup quota 64.0, affinity 2)"),
        (MachineFacts(affinityCPUs: 64), 8, 4, "64 CPUs usable (affinity 64), at most 8 unless told"),
        (
            MachineFacts(affinityCPUs: 4, memory: .mebibytes(512)), 2, 4,
            "4 CPUs usable (affinity 4), but 512 MiB of memory hold 2 of 150 MiB"
        ),
        (
            MachineFacts(affinityCPUs: 4, memory: ByteCount(bytes: 0)), 1, 8,
            "4 CPUs usable (affinity 4), but 0 MiB of memory hold 1 of 150 MiB"
        ),
    ])
    func `processes follow CPUs and memory, threads follow processes`(
        facts: MachineFacts,
        processes: Int,
        threads: Int,
        reason: String
    ) {
        let placement = PlacementDefaults(facts: facts)
        #expect(placement.processes == processes)
        #expect(placement.threads == threads)
        #expect(placement.processesReason == reason)
    }

    @Test func `a number that is given is kept and the other follows it`() {
        let facts = MachineFacts(affinityCPUs: 4)
        #expect(PlacementDefaults(facts: facts, processes: 1).threads == 8)
        #expect(PlacementDefaults(facts: facts, threads: 1).processes == 4)
        #expect(PlacementDefaults(facts: facts, processes: 3, threads: 5).threads == 5)
    }

    @Test func `more CPUs or memory never give fewer processes, and there are always eight threads in all`() {
        var previous = 0
        for cpus in 1...100 {
            let placement = PlacementDefaults(facts: MachineFacts(affinityCPUs: cpus, memory: .gibibytes(1)))
            #expect(placement.processes >= previous)
            #expect(placement.processes * placement.threads >= 8)
            previous = placement.processes
        }
        #expect(PlacementDefaults(facts: MachineFacts(affinityCPUs: .max, quotaCPUs: 1e300)).processes == 8)
    }

    @Test func `the interpreter is the active environment's, then that of .venv, then the first on PATH`() throws {
        let all = ["/venv/bin/python", "/srv/app/.venv/bin/python", "/usr/bin/python3"]
        let active = ["VIRTUAL_ENV": "/venv"]
        let first = try load(environment: active, files: files(programs: all))
        #expect(first.configuration.application.python == "/venv/bin/python")
        #expect(first.origins["python"] == .automatic(reason: "the active virtual environment"))
        let second = try load(environment: active, files: files(programs: Array(all.dropFirst())))
        #expect(second.configuration.application.python == "/srv/app/.venv/bin/python")
        #expect(
            second.origins["python"]
                == .automatic(reason: ".venv in the working directory (VIRTUAL_ENV has no bin/python)")
        )
        let third = try load(files: files(programs: Array(all.dropFirst(2))))
        #expect(third.configuration.application.python == "/usr/bin/python3")
        #expect(third.origins["python"] == .automatic(reason: "python3 on PATH, no virtual environment"))
        let named = try load("a:b --python python3.9", files: files(programs: ["/usr/bin/python3.9"]))
        #expect(named.configuration.application.python == "/usr/bin/python3.9")
    }

    @Test func `the queue limit follows processes and threads`() throws {
        #expect(try load("a:b -w 4 --threads 8").configuration.queue.limit == 384)
        #expect(try load("a:b -w 256 --threads 256").configuration.queue.limit == 12 * 256 * 256)
    }

    @Test(arguments: [
        ("8000", "/tmp/roost-1000/8000.sock"), (":80", "/tmp/roost-1000/80.sock"), ("0", "/tmp/roost-1000/pid-1.sock"),
        ("10.0.0.1:80", "/tmp/roost-1000/10.0.0.1-80.sock"), ("unix:/run/shop.sock", "/tmp/roost-1000/unix-shop.sock"),
    ])
    func `the admin socket is named for the first address`(bind: String, path: String) throws {
        #expect(try load("a:b -b \(bind)").configuration.admin.socket == path)
        #expect(try load("a:b --admin-socket none").configuration.admin.socket == nil)
        #expect(
            try load(environment: ["XDG_RUNTIME_DIR": "/run/user/7/"]).configuration.admin.socket
                == "/run/user/7/roost/8000.sock"
        )
    }
}
