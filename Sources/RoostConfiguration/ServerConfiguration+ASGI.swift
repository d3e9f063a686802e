extension ServerConfiguration {
    /// How the app is called, and what an ASGI app's event loops take.
    public struct ASGI: Sendable, Equatable {
        /// How the app is called.
        public enum Interface: String, Sendable, CaseIterable {
            /// As it looks.
            case auto
            /// PEP 3333: on threads.
            case wsgi
            /// ASGI 3: on an event loop.
            case asgi
        }

        /// Which event loop.
        public enum EventLoop: String, Sendable, CaseIterable {
            /// uvloop where it is installed, else Python's own.
            case auto
            /// uvloop.
            case uvloop
            /// Python's own.
            case asyncio
        }

        /// How the app is called.
        public var interface = Interface.auto

        /// Requests that an event loop may have at once, 1 to 10000; WebSockets that are open do not count.
        public var concurrency = 256

        /// Which event loop.
        public var eventLoop = EventLoop.auto
    }

    /// How many workers there are and how much each does at once, as far as it is known before they start; in words.
    public var size: String {
        switch asgi.interface {
        case .auto: "\(workers.processes) worker \(workers.processes == 1 ? "process" : "processes")"
        case .wsgi: "\(workers.processes) x \(workers.threads) threads"
        case .asgi:
            "\(workers.processes) event \(workers.processes == 1 ? "loop" : "loops") (asgi), "
                + "\(asgi.concurrency) in flight in each"
        }
    }
}
