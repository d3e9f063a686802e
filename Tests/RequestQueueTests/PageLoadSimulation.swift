import Glibc
import RequestQueue

/// Page loads of a dashboard against the queue, on virtual time.
///
/// One document, and when that is answered twelve callbacks over six connections; service is lognormal with a mean of
/// 60 ms; pages arrive as a Poisson process. A page is whole when all thirteen were answered within two seconds. People
/// leave after ten, and a connection whose request was refused goes on with the next callback.
struct PageLoadSimulation {
    var load = 1.0
    var slots = 8
    var meanService = 0.060
    var callbacks = 12
    var connections = 6
    var seconds = 120.0
    var patience = 10.0
    var policy = QueuePolicy()
    var client: (_ page: Int) -> ClientKey = { _ in .shared }
    var documentClass = RequestClass.standard
    var givesUpWhenRefused = false

    struct Result {
        var pages = 0
        var whole = 0
        var refused: UInt64 = 0
        var left: UInt64 = 0
        var maximumDepth = 0
        var share: Double { Double(whole) / Double(max(1, pages)) }
    }

    private enum Event {
        case arrival
        case finish(Slot, RequestTicket)
        case leave(page: Int)
    }

    private struct Page {
        var began: Double
        var unsent: Int
        var open = 0
        var answered = 0
        var ended: Double?
        var isBroken = false
        var hasLeft = false
        var tickets: Set<RequestTicket> = []
    }

    func run(seed: UInt64) -> Result {
        var run = Run(parameters: self, seed: seed)
        return run.result()
    }

    private struct Run {
        let parameters: PageLoadSimulation
        var random: SeededGenerator
        var queue: RequestQueue
        var events = EventHeap<Event>()
        var pages: [Page] = []
        var owners: [RequestTicket: Int] = [:]
        var now = 0.0

        init(parameters: PageLoadSimulation, seed: UInt64) {
            self.parameters = parameters
            random = SeededGenerator(seed: seed)
            queue = RequestQueue(policy: parameters.policy)
            queue.add(worker: WorkerID(raw: 1), threads: parameters.slots)
        }

        var instant: Instant { Instant(nanoseconds: 1_000_000_000 + UInt64(now * 1e9)) }

        mutating func result() -> Result {
            let perPage = parameters.meanService * Double(1 + parameters.callbacks)
            let rate = parameters.load * Double(parameters.slots) / perPage
            events.add(.arrival, at: exponential(rate))
            while let (time, event) = events.popFirst(), time < parameters.seconds {
                now = time
                switch event {
                case .arrival:
                    events.add(.arrival, at: now + exponential(rate))
                    pages.append(Page(began: now, unsent: parameters.callbacks))
                    events.add(.leave(page: pages.count - 1), at: now + parameters.patience)
                    send(pages.count - 1)
                case .finish(let slot, let ticket):
                    queue.finish(slot, of: ticket, at: instant)
                    answered(ticket)
                case .leave(let page):
                    leave(page)
                }
                act()
            }
            var result = Result()
            for page in pages where page.began < parameters.seconds - 12 {
                result.pages += 1
                if !page.isBroken, let ended = page.ended, ended - page.began < 2 { result.whole += 1 }
            }
            result.refused = queue.statistics.refused
            result.left = queue.statistics.left
            result.maximumDepth = queue.maximumDepth
            return result
        }

        mutating func send(_ page: Int) {
            pages[page].open += 1
            let requestClass = pages[page].answered == 0 ? parameters.documentClass : .standard
            switch queue.offer(client: parameters.client(page), class: requestClass, at: instant) {
            case .accepted(let ticket):
                own(ticket, page)
            case .acceptedInsteadOf(let ticket, let victim, _):
                own(ticket, page)
                refused(victim)
            case .refused:
                pages[page].open -= 1
                pages[page].isBroken = true
                proceed(page)
            }
        }

        mutating func own(_ ticket: RequestTicket, _ page: Int) {
            owners[ticket] = page
            pages[page].tickets.insert(ticket)
        }

        mutating func release(_ ticket: RequestTicket) -> Int? {
            guard let page = owners.removeValue(forKey: ticket) else { return nil }
            pages[page].tickets.remove(ticket)
            pages[page].open -= 1
            return page
        }

        mutating func answered(_ ticket: RequestTicket) {
            guard let page = release(ticket) else { return }
            pages[page].answered += 1
            if pages[page].answered == 1 + parameters.callbacks { pages[page].ended = now }
            proceed(page)
        }

        mutating func refused(_ ticket: RequestTicket) {
            guard let page = release(ticket) else { return }
            pages[page].isBroken = true
            proceed(page)
        }

        /// Sends what the page's idle connections can carry; without the document there are no callbacks.
        mutating func proceed(_ page: Int) {
            while pages[page].answered > 0, !pages[page].hasLeft,
                !(parameters.givesUpWhenRefused && pages[page].isBroken), pages[page].unsent > 0,
                pages[page].open < parameters.connections
            {
                pages[page].unsent -= 1
                send(page)
            }
        }

        mutating func leave(_ page: Int) {
            pages[page].hasLeft = true
            for ticket in pages[page].tickets.sorted(by: { $0.index < $1.index }) {
                if queue.leave(ticket) == .removed { _ = release(ticket) }
            }
        }

        mutating func act() {
            while let action = queue.next(at: instant) {
                switch action {
                case .dispatch(let ticket, let slot, _):
                    events.add(.finish(slot, ticket), at: now + service())
                case .refuse(let ticket, _, _):
                    refused(ticket)
                }
            }
        }

        mutating func exponential(_ rate: Double) -> Double {
            -log(1 - random.unit()) / rate
        }

        /// Lognormal with a sigma of 0.7, by Box and Muller.
        mutating func service() -> Double {
            let normal = sqrt(-2 * log(1 - random.unit())) * cos(2 * Double.pi * random.unit())
            return parameters.meanService * exp(0.7 * normal - 0.245)
        }
    }
}

/// Events by time; of equal times the first added first.
struct EventHeap<Event> {
    private var nodes: [(time: Double, order: Int, event: Event)] = []
    private var added = 0

    mutating func add(_ event: Event, at time: Double) {
        added += 1
        nodes.append((time, added, event))
        var place = nodes.count - 1
        while place > 0, isBefore(place, (place - 1) / 2) {
            nodes.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    mutating func popFirst() -> (time: Double, event: Event)? {
        guard let first = nodes.first else { return nil }
        let last = nodes.removeLast()
        if !nodes.isEmpty {
            nodes[0] = last
            var place = 0
            while true {
                var best = place
                for child in [2 * place + 1, 2 * place + 2] where child < nodes.count && isBefore(child, best) {
                    best = child
                }
                if best == place { break }
                nodes.swapAt(place, best)
                place = best
            }
        }
        return (first.time, first.event)
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (nodes[left].time, nodes[left].order) < (nodes[right].time, nodes[right].order)
    }
}
