import HTTPTypes
import Hummingbird

/// Which names the admin's TCP port answers to.
///
/// A page of any site can have its own name point to this machine and then read what is answered here (DNS rebinding). A
/// browser says by what name it has come; the names that such a page can't have are let in: addresses, names without a dot,
/// those that the public DNS does not know, and those that were given.
struct HostRule: Sendable, Equatable {
    /// Name spaces that nobody can register in (RFC 6761, RFC 6762, RFC 8375, and `internal`, which ICANN has reserved).
    private static let privateSuffixes = [".localhost", ".local", ".internal", ".home.arpa", ".test"]

    /// Other names; `*` for all.
    var names: Set<String>

    /// Creates the rule with names in any case.
    init(names: some Sequence<String>) {
        self.names = Set(names.map { Self.normal($0[...]) })
    }

    /// Whether a request is answered that has come to `authority`, such as `admin.example:9090`; nil when it did not say.
    func allows(_ authority: String?) -> Bool {
        guard let authority, !authority.isEmpty, !names.contains("*") else { return true }
        // An IPv6 address.
        if authority.hasPrefix("[") { return true }
        let host = Self.normal(authority.prefix { $0 != ":" })
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        let isAddress = labels.count == 4 && labels.allSatisfy { UInt8($0) != nil }
        return isAddress || labels.count == 1 || names.contains(host)
            || Self.privateSuffixes.contains { host.hasSuffix($0) }
    }

    private static func normal(_ name: Substring) -> String {
        let lower = name.lowercased()
        return lower.hasSuffix(".") ? String(lower.dropLast()) : lower
    }
}

/// Answers 421 to requests under a name that is not the server's.
struct HostCheck<Context: RequestContext>: RouterMiddleware {
    let rule: HostRule

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws
        -> Response
    {
        guard rule.allows(request.head.authority) else {
            return AdminRoutes.answer(
                .misdirectedRequest,
                "this name is not the admin's: ask by its address, or have the server started with --admin-hosts\n"
            )
        }
        return try await next(request, context)
    }
}
