/// A field name that the server itself has a use for; every other name is `other`.
public enum FieldName: UInt8, Sendable, CaseIterable {
    case other
    case accept, acceptEncoding, authorization, connection, contentLength, contentType, cookie, expect, forwarded, host
    case ifNoneMatch, keepAlive, origin, proxy, range, referer, secFetchDest, secFetchMode, secFetchSite
    case secWebSocketKey, te, traceparent, trailer, transferEncoding, upgrade, userAgent, xForwardedFor, xForwardedHost
    case xForwardedPort, xForwardedProto, xForwardedProtocol, xForwardedSSL, xQueueStart, xRealIP, xRequestID
    case xRequestStart

    /// Returns the name that these bytes spell, letters of either case.
    ///
    /// The bytes are a token already; `_` is no `-`, so `Content_Length` is `other`.
    @inline(__always)
    static func recognized(_ base: UnsafeRawPointer, count: Int) -> FieldName {
        @inline(__always)
        func matches(_ text: StaticString) -> Bool { ByteScan.matches(base, count: count, text) }
        switch count {
        case 2:
            if matches("te") { return .te }
        case 4:
            if matches("host") { return .host }
        case 5:
            if matches("range") { return .range }
            if matches("proxy") { return .proxy }
        case 6:
            if matches("accept") { return .accept }
            if matches("cookie") { return .cookie }
            if matches("origin") { return .origin }
            if matches("expect") { return .expect }
        case 7:
            if matches("referer") { return .referer }
            if matches("upgrade") { return .upgrade }
            if matches("trailer") { return .trailer }
        case 9:
            if matches("x-real-ip") { return .xRealIP }
            if matches("forwarded") { return .forwarded }
        case 10:
            if matches("user-agent") { return .userAgent }
            if matches("connection") { return .connection }
            if matches("keep-alive") { return .keepAlive }
        case 11:
            if matches("traceparent") { return .traceparent }
        case 12:
            if matches("content-type") { return .contentType }
            if matches("x-request-id") { return .xRequestID }
        case 13:
            if matches("if-none-match") { return .ifNoneMatch }
            if matches("authorization") { return .authorization }
            if matches("x-queue-start") { return .xQueueStart }
        case 14:
            if matches("content-length") { return .contentLength }
            if matches("sec-fetch-dest") { return .secFetchDest }
            if matches("sec-fetch-mode") { return .secFetchMode }
            if matches("sec-fetch-site") { return .secFetchSite }
        case 15:
            if matches("accept-encoding") { return .acceptEncoding }
            if matches("x-forwarded-for") { return .xForwardedFor }
            if matches("x-request-start") { return .xRequestStart }
            if matches("x-forwarded-ssl") { return .xForwardedSSL }
        case 16:
            if matches("x-forwarded-host") { return .xForwardedHost }
            if matches("x-forwarded-port") { return .xForwardedPort }
        case 17:
            if matches("transfer-encoding") { return .transferEncoding }
            if matches("x-forwarded-proto") { return .xForwardedProto }
            if matches("sec-websocket-key") { return .secWebSocketKey }
        case 20:
            if matches("x-forwarded-protocol") { return .xForwardedProtocol }
        default:
            break
        }
        return .other
    }
}
