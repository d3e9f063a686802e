import RequestQueue
import Sessions
import Testing

@Suite struct StickyRouterTests {
    private func makeRouter(_ rule: StickyRule = .cookie, seats: Int = 0) -> StickyRouter {
        var policy = SessionPolicy()
        policy.seatsPerWorker = seats
        var router = StickyRouter(rule: rule, policy: policy)
        router.table.add(one)
        router.table.add(two)
        return router
    }

    private func route(
        _ router: inout StickyRouter,
        at now: Instant = at(0),
        newName: UInt64 = 99,
        _ change: (inout StickyRequest) -> Void = { _ in }
    ) -> StickyRoute {
        var request = StickyRequest()
        change(&request)
        return router.route(request, at: now) { session(newName) }
    }

    @Test func `a newcomer is given a name and a worker, and comes back to it`() {
        var router = makeRouter()
        let first = route(&router, newName: 1)
        #expect(first.cookie == session(1))
        #expect(first.worker == one)
        let second = route(&router, newName: 2)
        #expect(second.worker == two)
        let again = route(&router) { $0.cookie = session(1) }
        #expect(again.worker == one)
        #expect(again.cookie == nil)
        #expect(again.session == session(1))
    }

    @Test func `a name from before a restart is taken as it is`() {
        var router = makeRouter()
        let back = route(&router) { $0.cookie = session(7) }
        #expect(back.worker == one)
        #expect(back.cookie == nil)
    }

    @Test func `people at the same address are told apart by their cookies`() {
        var router = makeRouter()
        let first = route(&router, newName: 1) { $0.address = session(50) }
        let second = route(&router, newName: 2) { $0.address = session(50) }
        #expect([first.worker, second.worker] == [one, two])
        let socket = route(&router) {
            $0.address = session(50)
            $0.cookie = session(2)
            $0.opensSocket = true
        }
        #expect(socket.worker == two)
        #expect(socket.session == session(2))
    }

    @Test func `a client without cookies comes back to the worker of its address`() {
        var router = makeRouter()
        func socket() -> StickyRoute {
            route(&router) {
                $0.address = session(50)
                $0.opensSocket = true
            }
        }
        let first = socket()
        #expect(first.worker == one)
        #expect(first.session == session(50))
        router.table.socketOpened(session(50), on: one, at: at(0))
        _ = route(&router, newName: 3) { $0.cookie = session(3) }
        #expect(socket().worker == one)
        // What it asks besides goes there too, as long as the WebSocket is open.
        #expect(route(&router, newName: 4) { $0.address = session(50) }.worker == one)
    }

    @Test func `a Streamlit session without cookies is known by its own id`() {
        var router = makeRouter()
        _ = route(&router, newName: 1)
        let withCookie = route(&router, newName: 2)
        #expect(withCookie.worker == two)
        // Its reconnect shows both names; from then on either is enough.
        _ = route(&router) {
            $0.cookie = session(2)
            $0.alias = session(70)
            $0.opensSocket = true
        }
        let upload = route(&router) {
            $0.alias = session(70)
            $0.address = session(50)
        }
        #expect(upload.worker == two)
        #expect(route(&router) { $0.alias = session(71) }.worker != nil)
    }

    @Test func `a part of a page that comes without a cookie is no newcomer, and goes anywhere`() {
        var router = makeRouter()
        let manifest = route(&router) {
            $0.isPartOfPage = true
            $0.address = session(50)
        }
        #expect(manifest == StickyRoute())
        #expect(router.table.count == 0)
        // The page of one that keeps no cookies at all is where its WebSocket is.
        router.table.leave(one)
        _ = route(&router) {
            $0.address = session(50)
            $0.opensSocket = true
        }
        router.table.socketOpened(session(50), on: two, at: at(0))
        let image = route(&router) {
            $0.isPartOfPage = true
            $0.address = session(50)
        }
        #expect(image.worker == two)
        #expect(image.cookie == nil)
    }

    @Test func `a worker that ended is not followed`() {
        var router = makeRouter()
        _ = route(&router) {
            $0.alias = session(70)
            $0.opensSocket = true
        }
        router.table.remove(one, at: at(1))
        #expect(route(&router) { $0.alias = session(70) }.worker == two)
    }

    @Test func `before there is a worker nobody is given a name`() {
        var router = StickyRouter(rule: .cookie)
        let early = route(&router)
        #expect(early == StickyRoute())
    }

    @Test func `what came before there was a worker belongs to the one that has answered`() {
        var router = StickyRouter(rule: .cookie)
        #expect(route(&router) { $0.cookie = session(1) } == StickyRoute())
        router.table.add(one)
        router.table.add(two)
        let newcomer = route(&router, newName: 5) { $0.answeredBy = two }
        #expect(newcomer.worker == two)
        #expect(newcomer.cookie == session(5))
        #expect(
            route(&router) {
                $0.cookie = session(1); $0.answeredBy = two
            }.worker == two
        )
        #expect(
            route(&router) {
                $0.cookie = session(1); $0.answeredBy = one
            }.worker == two
        )
    }

    @Test func `by address, one address is one session`() {
        var router = makeRouter(.address)
        #expect(route(&router) { $0.address = session(50) }.worker == one)
        #expect(route(&router) { $0.address = session(51) }.worker == two)
        let again = route(&router) { $0.address = session(50) }
        #expect(again.worker == one)
        #expect(again.cookie == nil)
        #expect(route(&router).worker == nil)
    }

    @Test(arguments: [StickyRule.header(name: "x-user"), .query(name: "s"), .path(place: 1)])
    func `by what the configuration names, and anywhere without it`(rule: StickyRule) {
        var router = makeRouter(rule)
        #expect([60, 61, 60].map { key in route(&router) { $0.key = session(key) }.worker } == [one, two, one])
        #expect(route(&router) == StickyRoute())
    }

    @Test func `off, nothing has a session`() {
        var router = makeRouter(.off)
        #expect(route(&router) { $0.cookie = session(1) } == StickyRoute())
    }

    // MARK: The door

    @Test func `beyond the seats newcomers are turned away at the door, and nowhere else`() {
        var router = makeRouter(seats: 1)
        for number in 1...2 as ClosedRange<UInt64> {
            _ = route(&router, newName: number)
            #expect(
                route(&router) {
                    $0.cookie = session(number); $0.isAtDoor = true
                }.isTurnedAway == false
            )
        }
        _ = route(&router, newName: 3)
        #expect(route(&router) { $0.cookie = session(3) }.isTurnedAway == false)
        #expect(
            route(&router) {
                $0.cookie = session(3); $0.isAtDoor = true
            }.isTurnedAway == true
        )
        #expect(
            route(&router) {
                $0.cookie = session(3); $0.opensSocket = true
            }.isTurnedAway == true
        )
        #expect(
            route(&router) {
                $0.cookie = session(1); $0.opensSocket = true
            }.isTurnedAway == false
        )
    }

    @Test func `probes at the door take no seat`() {
        var router = makeRouter(seats: 1)
        for number in 10...30 as ClosedRange<UInt64> {
            #expect(route(&router, newName: number) { $0.isAtDoor = true }.isTurnedAway == false)
        }
    }

    @Test func `whoever waits gets the seat of one that has gone`() {
        var router = makeRouter(seats: 1)
        for number in 1...2 as ClosedRange<UInt64> {
            _ = route(&router) {
                $0.cookie = session(number); $0.opensSocket = true
            }
            router.table.socketOpened(session(number), on: number == 1 ? one : two, at: at(0))
        }
        func waits(at now: Instant) -> StickyRoute {
            route(&router, at: now) {
                $0.cookie = session(3); $0.isAtDoor = true
            }
        }
        #expect(waits(at: at(1)).isTurnedAway == true)
        router.table.socketClosed(session(2), on: two, at: at(2))
        #expect(waits(at: at(60)).isTurnedAway == true)
        let admitted = waits(at: at(200))
        #expect(admitted.isTurnedAway == false)
        #expect(admitted.worker == two)
    }
}
