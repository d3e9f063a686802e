/// Which of the fields that name a proxy's client count.
///
/// A proxy that writes one family and lets its clients' other family pass would lend them its authority, so by default
/// one family counts and the other is not looked at.
public enum ForwardingRule: Sendable, Equatable, CaseIterable {
    /// `X-Forwarded-For`, `-Proto`, `-Host` and their like: what proxies and load balancers write as they come.
    case xForwarded

    /// `Forwarded` (RFC 7239).
    case forwarded

    /// Both; a request whose fields contradict each other is refused with 400.
    case agreeing
}
