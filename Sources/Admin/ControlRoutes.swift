import HTTPTypes
import Hummingbird

/// The routes that change something: on the Unix socket only, whose file nobody but its owner can open.
///
/// | route | does |
/// | --- | --- |
/// | `POST /reload` | starts a new generation of workers; answers when it has taken over |
/// | `POST /scale?processes=P&threads=T` | changes either number, or both |
/// | `POST /stop` | begins to drain; answers at once |
/// | `POST /upgrade?binary=PATH` | has a new process take over; answers when it serves |
///
/// The answer is JSON, or what happened in words with `?text` or `Accept: text/plain`.
struct ControlRoutes: Sendable {
    let actions: ControlActions

    func add(to router: Router<BasicRequestContext>) {
        router.post("reload") { [actions] request, _ in
            await Self.perform(request, actions.reload)
        }
        router.post("stop") { [actions] request, _ in
            await Self.perform(request, actions.stop)
        }
        router.post("scale") { [actions] request, _ in
            let processes = Self.number("processes", in: request)
            let threads = Self.number("threads", in: request)
            return await Self.perform(request) {
                switch (processes, threads) {
                case (.wrong(let text), _): return Self.notANumber("processes", text)
                case (_, .wrong(let text)): return Self.notANumber("threads", text)
                case (.absent, .absent):
                    return ControlAnswer(.refused, "scale needs processes=P or threads=T, or both")
                case (.absent, _), (.given, _):
                    return await actions.scale(processes.value, threads.value)
                }
            }
        }
        router.post("upgrade") { [actions] request, _ in
            let binary = request.uri.queryParameters["binary"].map(String.init)
            return await Self.perform(request) { await actions.upgrade(binary) }
        }
    }

    /// Does it in a task of its own: a client that leaves cancels its request, and must not cancel what was begun.
    private static func perform(
        _ request: Request,
        _ action: @escaping @Sendable () async -> ControlAnswer
    ) async -> Response {
        let answer = await Task.detached { await action() }.value
        let status = HTTPResponse.Status(code: answer.status)
        if AdminRoutes.wantsText(request) { return AdminRoutes.answer(status, answer.message + "\n") }
        return AdminRoutes.answer(status, answer.json, type: "application/json")
    }

    private enum Number {
        case absent
        case given(Int)
        case wrong(String)

        var value: Int? {
            if case .given(let number) = self { return number }
            return nil
        }
    }

    private static func number(_ name: String, in request: Request) -> Number {
        guard let text = request.uri.queryParameters[name[...]] else { return .absent }
        return Int(text).map(Number.given) ?? .wrong(String(text))
    }

    private static func notANumber(_ name: String, _ text: String) -> ControlAnswer {
        ControlAnswer(.refused, "\(name): '\(text)' is not a whole number")
    }
}
