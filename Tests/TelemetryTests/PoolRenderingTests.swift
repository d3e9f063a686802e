import Telemetry
import Testing

/// Pools of threads inside the app, where it has any.
@Suite struct PoolRenderingTests {
    private func snapshot(busy: Int, waiting: Int) -> MetricsSnapshot {
        var snapshot = RenderingTests.snapshot()
        snapshot.workers[0].appPools = [
            .init(name: "anyio", threads: 40, busy: busy, waiting: waiting),
            .init(name: "executor", threads: 6, busy: 1, waiting: 0),
        ]
        return snapshot
    }

    @Test func `metrics tell them by worker and pool`() {
        let lines = PrometheusText.render(snapshot(busy: 40, waiting: 12)).split(separator: "\n")
        for line in [
            #"roost_app_pool_threads{worker="1",pool="anyio"} 40"#,
            #"roost_app_pool_threads_busy{worker="1",pool="anyio"} 40"#,
            #"roost_app_pool_waiting{worker="1",pool="anyio"} 12"#,
            #"roost_app_pool_threads{worker="1",pool="executor"} 6"#,
        ] {
            #expect(lines.contains { $0 == line }, "\(line)")
        }
        #expect(!PrometheusText.render(RenderingTests.snapshot()).contains("app_pool"))
    }

    @Test func `the page for people names the limit and what to change, when calls wait for a full pool`() {
        let text = StatusText.render(snapshot(busy: 40, waiting: 12))
        #expect(
            text.contains(
                "in the app worker 1: 12 calls wait for one of anyio's 40 threads; more: "
                    + "anyio.to_thread.current_default_thread_limiter().total_tokens = 80 in its lifespan, "
                    + "or more processes\n"
            )
        )
    }

    @Test(arguments: [(39, 1), (40, 0), (0, 0)])
    func `and says nothing otherwise`(_ busy: Int, _ waiting: Int) {
        #expect(!StatusText.render(snapshot(busy: busy, waiting: waiting)).contains("in the app"))
    }

    @Test func `JSON has them too`() {
        let text = StatusJSON.render(snapshot(busy: 40, waiting: 12))
        #expect(text.contains(#""app_pools":{"anyio":{"threads":40,"busy":40,"waiting":12},"executor":{"threads":6,"#))
        #expect(!StatusJSON.render(RenderingTests.snapshot()).contains("app_pools"))
    }
}
