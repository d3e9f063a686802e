import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import Telemetry

/// What the admin answers everywhere; every route here only reads.
///
/// What changes something is in ``ControlRoutes``.
///
/// | route | answer |
/// | --- | --- |
/// | `/healthz` | 200 while the process lives |
/// | `/readyz` | 200 while a worker takes requests, otherwise 503 with the reason |
/// | `/status` | JSON, or a page for people with `?text` or `Accept: text/plain` |
/// | `/metrics` | Prometheus text |
struct AdminRoutes: Sendable {
    let source: SnapshotSource
    let timeout: Duration

    /// Makes the routes; with a rule, for those only who ask by a name that it allows.
    func makeRouter(hosts rule: HostRule? = nil) -> Router<BasicRequestContext> {
        let router = Router(options: .autoGenerateHeadEndpoints)
        if let rule { router.add(middleware: HostCheck(rule: rule)) }
        router.get("healthz") { _, _ in Self.answer(.ok, "ok\n") }
        router.get("readyz") { _, _ in
            await withSnapshot { snapshot in
                guard let reason = snapshot.reasonNotReady else { return Self.answer(.ok, "ready\n") }
                return Self.answer(.serviceUnavailable, reason + "\n")
            }
        }
        router.get("status") { request, _ in
            let wantsText = Self.wantsText(request)
            return await withSnapshot { snapshot in
                wantsText
                    ? Self.answer(.ok, StatusText.render(snapshot))
                    : Self.answer(.ok, StatusJSON.render(snapshot), type: "application/json")
            }
        }
        router.get("metrics") { _, _ in
            await withSnapshot { snapshot in
                Self.answer(.ok, PrometheusText.render(snapshot), type: PrometheusText.contentType)
            }
        }
        return router
    }

    private func withSnapshot(_ respond: (_ snapshot: MetricsSnapshot) -> Response) async -> Response {
        guard var snapshot = await source.snapshot(within: timeout) else {
            return Self.answer(.serviceUnavailable, "the front does not answer\n")
        }
        ResidentMemory.complete(&snapshot)
        return respond(snapshot)
    }

    static func wantsText(_ request: Request) -> Bool {
        if request.uri.queryParameters["text"] != nil { return true }
        let query = request.uri.query ?? ""
        if query.split(separator: "&").contains("text") { return true }
        return request.headers[.accept]?.lowercased().hasPrefix("text/plain") ?? false
    }

    static func answer(
        _ status: HTTPResponse.Status,
        _ text: String,
        type: String = "text/plain; charset=utf-8"
    ) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = type
        headers[.cacheControl] = "no-store"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
