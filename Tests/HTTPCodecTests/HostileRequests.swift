import HTTPCodec
import Testing

/// A malformed or hostile request, named for its rudeness, and the one answer that it gets.
struct HostileRequest: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: [UInt8]
    var status: Int

    var testDescription: String { name }

    /// Creates a request from text whose characters are bytes (Latin-1).
    init(_ name: String, _ status: Int, _ text: String) {
        self.name = name
        self.status = status
        self.bytes = latin1(text)
    }
}

/// All of them; `Tests/Fixtures/hostile-requests.json` holds the same for the tests that use a socket.
let hostileRequests: [HostileRequest] =
    hostileRequestLines + hostileTargets + hostileFields + hostileHosts + hostileLengths + hostileCodings
    + hostileExpectations + hostileChunks

/// The head up to and with its Host, for requests whose rudeness comes later.
private let get = "GET / HTTP/1.1\r\nHost: example.com\r\n"
private let post = "POST /submit HTTP/1.1\r\nHost: example.com\r\n"
private let chunked = post + "Transfer-Encoding: chunked\r\n\r\n"
private let rest = "\r\nHost: example.com\r\n\r\n"

private let hostileRequestLines: [HostileRequest] = [
    HostileRequest("says nothing but three empty lines", 400, "\r\n\r\n\r\nGET / HTTP/1.1" + rest),
    HostileRequest("begins with a bare line feed", 400, "\nGET / HTTP/1.1" + rest),
    HostileRequest("begins with a bare carriage return", 400, "\rGET / HTTP/1.1" + rest),
    HostileRequest("begins with a space", 400, " GET / HTTP/1.1" + rest),
    HostileRequest("begins with a tab", 400, "\tGET / HTTP/1.1" + rest),
    HostileRequest("begins with NUL", 400, "\0GET / HTTP/1.1" + rest),
    HostileRequest("speaks TLS to a plain port", 400, "\u{16}\u{3}\u{1}\u{0}\u{A5}\u{1}\u{0}\u{0}\u{A1}\u{3}\u{3}"),
    HostileRequest("speaks SSH", 400, "SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    HostileRequest("begins with a byte order mark", 400, "\u{EF}\u{BB}\u{BF}GET / HTTP/1.1" + rest),
    HostileRequest("has no target and no version", 400, "GET\r\n\r\n"),
    HostileRequest("has no version", 400, "GET /\r\n\r\n"),
    HostileRequest("has a space for a version", 400, "GET / \r\n\r\n"),
    HostileRequest("has two spaces after the method", 400, "GET  / HTTP/1.1" + rest),
    HostileRequest("has two spaces before the version", 400, "GET /  HTTP/1.1" + rest),
    HostileRequest("has a space after the version", 400, "GET / HTTP/1.1 " + rest),
    HostileRequest("has a tab after the method", 400, "GET\t/ HTTP/1.1" + rest),
    HostileRequest("has a tab before the version", 400, "GET /\tHTTP/1.1" + rest),
    HostileRequest("has a vertical tab before the version", 400, "GET /\u{B}HTTP/1.1" + rest),
    HostileRequest("has a fourth word", 400, "GET / index HTTP/1.1" + rest),
    HostileRequest("has a colon in the method", 400, "GET: / HTTP/1.1" + rest),
    HostileRequest("has a slash in the method", 400, "GE/T / HTTP/1.1" + rest),
    HostileRequest("has a bracket in the method", 400, "GE[T / HTTP/1.1" + rest),
    HostileRequest("has NUL in the method", 400, "GE\0T / HTTP/1.1" + rest),
    HostileRequest("has a byte above ASCII in the method", 400, "G\u{C9}T / HTTP/1.1" + rest),
    HostileRequest("has a quoted method", 400, "\"GET\" / HTTP/1.1" + rest),
    HostileRequest("has a method of 65 bytes", 501, String(repeating: "M", count: 65) + " / HTTP/1.1" + rest),
    HostileRequest("asks for a tunnel", 501, "CONNECT example.com:443 HTTP/1.1" + rest),
    HostileRequest("asks for a tunnel with a path", 501, "CONNECT /path HTTP/1.1" + rest),
    HostileRequest("ends the request line with a bare line feed", 400, "GET / HTTP/1.1\nHost: example.com\r\n\r\n"),
    HostileRequest("ends the request line with a bare CR", 400, "GET / HTTP/1.1\rHost: example.com\r\n\r\n"),
    HostileRequest("ends the request line with CR CR LF", 400, "GET / HTTP/1.1\r\r\nHost: example.com\r\n\r\n"),
    HostileRequest("speaks HTTP/2 with prior knowledge", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    HostileRequest("claims HTTP/2.0", 505, "GET / HTTP/2.0" + rest),
    HostileRequest("claims HTTP/3.0", 505, "GET / HTTP/3.0" + rest),
    HostileRequest("claims HTTP/0.9", 505, "GET / HTTP/0.9" + rest),
    HostileRequest("claims HTTP/2 without a minor version", 400, "GET / HTTP/2" + rest),
    HostileRequest("claims HTTP/1 without a minor version", 400, "GET / HTTP/1" + rest),
    HostileRequest("claims HTTP/1.10", 400, "GET / HTTP/1.10" + rest),
    HostileRequest("claims HTTP/01.1", 400, "GET / HTTP/01.1" + rest),
    HostileRequest("claims HTTP/1,1", 400, "GET / HTTP/1,1" + rest),
    HostileRequest("claims HTTP/+1.1", 400, "GET / HTTP/+1.1" + rest),
    HostileRequest("writes http in small letters", 400, "GET / http/1.1" + rest),
    HostileRequest("claims RTSP/1.0", 400, "GET / RTSP/1.0" + rest),
    HostileRequest("claims ICE/1.0", 400, "GET / ICE/1.0" + rest),
    HostileRequest("claims HTTPS/1.1", 400, "GET / HTTPS/1.1" + rest),
    HostileRequest("spells the version with a full-width digit", 400, "GET / HTTP/1.\u{EF}\u{BC}\u{91}" + rest),
]

private let hostileTargets: [HostileRequest] = [
    HostileRequest("has a target without a slash", 400, "GET index.html HTTP/1.1" + rest),
    HostileRequest("has a query for a target", 400, "GET ?page=1 HTTP/1.1" + rest),
    HostileRequest("has a fragment in the target", 400, "GET /page#top HTTP/1.1" + rest),
    HostileRequest("has a fragment in the query", 400, "GET /page?a=1#top HTTP/1.1" + rest),
    HostileRequest("has NUL in the target", 400, "GET /a\0b HTTP/1.1" + rest),
    HostileRequest("has DEL in the target", 400, "GET /a\u{7F}b HTTP/1.1" + rest),
    HostileRequest("has an escape character in the target", 400, "GET /a\u{1B}[31m HTTP/1.1" + rest),
    HostileRequest("has a bare CR in the target", 400, "GET /a\rb HTTP/1.1" + rest),
    HostileRequest("has a bare line feed in the target", 400, "GET /a\nb HTTP/1.1" + rest),
    HostileRequest(
        "has a target of 8191 bytes",
        414,
        "GET /" + String(repeating: "a", count: 8_190) + " HTTP/1.1" + rest
    ),
    HostileRequest("never ends its target", 414, "GET /" + String(repeating: "b", count: 9_000)),
    HostileRequest("asks for everything with GET", 400, "GET * HTTP/1.1" + rest),
    HostileRequest("asks for everything and more", 400, "OPTIONS ** HTTP/1.1" + rest),
    HostileRequest("asks for everything with a query", 400, "OPTIONS *?a HTTP/1.1" + rest),
    HostileRequest("has an ftp URI", 400, "GET ftp://example.com/ HTTP/1.1" + rest),
    HostileRequest("has a file URI", 400, "GET file:///etc/passwd HTTP/1.1" + rest),
    HostileRequest("has a javascript URI", 400, "GET javascript:alert(1) HTTP/1.1" + rest),
    HostileRequest("has an absolute target without a host", 400, "GET http:///path HTTP/1.1" + rest),
    HostileRequest("has an absolute target with one slash", 400, "GET http:/example.com HTTP/1.1" + rest),
    HostileRequest("has an absolute target that is a scheme", 400, "GET http:// HTTP/1.1" + rest),
    HostileRequest("has an absolute target with a user", 400, "GET http://user@example.com/ HTTP/1.1" + rest),
    HostileRequest("has an absolute target with a password", 400, "GET http://u:p@example.com/ HTTP/1.1" + rest),
    HostileRequest("has an absolute target with a bad port", 400, "GET http://example.com:port/ HTTP/1.1" + rest),
    HostileRequest("has an absolute target with port 65536", 400, "GET http://example.com:65536/ HTTP/1.1" + rest),
    HostileRequest("has an absolute target with a broken IPv6", 400, "GET http://[::1/ HTTP/1.1" + rest),
    HostileRequest("has an absolute target with a backslash", 400, "GET http://example.com\\evil/ HTTP/1.1" + rest),
    HostileRequest("has an absolute target and a bad Host", 400, "GET http://a.example/ HTTP/1.1\r\nHost: a b\r\n\r\n"),
    HostileRequest("has an absolute target and no Host", 400, "GET http://a.example/ HTTP/1.1\r\n\r\n"),
    HostileRequest("has an authority for a target", 400, "GET example.com:80 HTTP/1.1" + rest),
]

private let hostileFields: [HostileRequest] = [
    HostileRequest("has a space before the colon", 400, get + "X-One : 1\r\n\r\n"),
    HostileRequest("has a tab before the colon", 400, get + "X-One\t: 1\r\n\r\n"),
    HostileRequest("has a space before the colon of Content-Length", 400, post + "Content-Length : 5\r\n\r\nhello"),
    HostileRequest("has a space before the colon of Host", 400, "GET / HTTP/1.1\r\nHost : example.com\r\n\r\n"),
    HostileRequest("has a vertical tab before the colon", 400, post + "Transfer-Encoding\u{B}: chunked\r\n\r\n"),
    HostileRequest("folds a field", 400, get + "X-One: 1\r\n 2\r\n\r\n"),
    HostileRequest("folds a field with a tab", 400, get + "X-One: 1\r\n\t2\r\n\r\n"),
    HostileRequest("folds Transfer-Encoding", 400, post + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
    HostileRequest("begins the fields with a space", 400, "GET / HTTP/1.1\r\n Host: example.com\r\n\r\n"),
    HostileRequest("ends the head with a line of one space", 400, get + " \r\n\r\n"),
    HostileRequest("has a field without a colon", 400, get + "Nonsense\r\n\r\n"),
    HostileRequest("has a field without a name", 400, get + ": nobody\r\n\r\n"),
    HostileRequest("has a space in a field name", 400, get + "X One: 1\r\n\r\n"),
    HostileRequest("has a quote in a field name", 400, get + "X\"One: 1\r\n\r\n"),
    HostileRequest("has parentheses in a field name", 400, get + "X(One): 1\r\n\r\n"),
    HostileRequest("has a slash in a field name", 400, get + "X/One: 1\r\n\r\n"),
    HostileRequest("has NUL in a field name", 400, get + "X\0One: 1\r\n\r\n"),
    HostileRequest("has DEL in a field name", 400, get + "X\u{7F}One: 1\r\n\r\n"),
    HostileRequest("has a byte above ASCII in a field name", 400, get + "X-\u{D6}ne: 1\r\n\r\n"),
    HostileRequest("has a soft hyphen for a hyphen", 400, post + "Content\u{AD}Length: 5\r\n\r\nhello"),
    HostileRequest("has NUL in a field value", 400, get + "X-One: a\0b\r\n\r\n"),
    HostileRequest("has BEL in a field value", 400, get + "X-One: a\u{7}b\r\n\r\n"),
    HostileRequest("has DEL in a field value", 400, get + "X-One: a\u{7F}b\r\n\r\n"),
    HostileRequest("has an escape character in a field value", 400, get + "User-Agent: \u{1B}[2J\r\n\r\n"),
    HostileRequest("has a vertical tab in a field value", 400, get + "X-One: a\u{B}b\r\n\r\n"),
    HostileRequest("has a form feed in a field value", 400, get + "X-One: a\u{C}b\r\n\r\n"),
    HostileRequest("has a bare CR in a field value", 400, get + "X-One: a\rX-Two: b\r\n\r\n"),
    HostileRequest("has a bare line feed in a field value", 400, get + "X-One: a\nX-Two: b\r\n\r\n"),
    HostileRequest("ends a field with CR CR LF", 400, get + "X-One: a\r\r\n\r\n"),
    HostileRequest("ends all lines with bare line feeds", 400, "GET / HTTP/1.1\nHost: example.com\n\n"),
    HostileRequest("ends the head with a bare line feed", 400, get + "X-One: 1\r\n\n"),
    HostileRequest("ends the head with CR and something", 400, get + "X-One: 1\r\n\rX"),
    HostileRequest("hides a request behind a bare line feed", 400, get + "X-One: 1\n\nGET /secret HTTP/1.1" + rest),
    HostileRequest("has 101 fields", 431, get + String(repeating: "A: b\r\n", count: 100) + "\r\n"),
    HostileRequest(
        "has one field of 33 kB",
        431,
        get + "Cookie: " + String(repeating: "c", count: 33_000) + "\r\n\r\n"
    ),
    HostileRequest("never ends a field name", 431, get + String(repeating: "n", count: 33_000)),
]

private let hostileHosts: [HostileRequest] = [
    HostileRequest("has no Host", 400, "GET / HTTP/1.1\r\n\r\n"),
    HostileRequest("has no Host but others", 400, "GET / HTTP/1.1\r\nAccept: */*\r\nUser-Agent: x\r\n\r\n"),
    HostileRequest("has a Host with an underscore for its name", 400, "GET / HTTP/1.1\r\nHost_: example.com\r\n\r\n"),
    HostileRequest("has two Hosts", 400, get + "Host: evil.example\r\n\r\n"),
    HostileRequest("has two equal Hosts", 400, get + "Host: example.com\r\n\r\n"),
    HostileRequest("has two Hosts of different case", 400, get + "hOST: evil.example\r\n\r\n"),
    HostileRequest("has two Hosts on HTTP/1.0", 400, "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
    HostileRequest("has an empty Host", 400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    HostileRequest("has a Host of spaces", 400, "GET / HTTP/1.1\r\nHost:   \r\n\r\n"),
    HostileRequest("has two Hosts in one", 400, "GET / HTTP/1.1\r\nHost: a.example, b.example\r\n\r\n"),
    HostileRequest("has a comma in the Host", 400, "GET / HTTP/1.1\r\nHost: a.example,b.example\r\n\r\n"),
    HostileRequest("has a space in the Host", 400, "GET / HTTP/1.1\r\nHost: a example\r\n\r\n"),
    HostileRequest("has a path in the Host", 400, "GET / HTTP/1.1\r\nHost: example.com/admin\r\n\r\n"),
    HostileRequest("has a URI for a Host", 400, "GET / HTTP/1.1\r\nHost: http://example.com\r\n\r\n"),
    HostileRequest("has a user in the Host", 400, "GET / HTTP/1.1\r\nHost: admin@example.com\r\n\r\n"),
    HostileRequest("has a query in the Host", 400, "GET / HTTP/1.1\r\nHost: example.com?x\r\n\r\n"),
    HostileRequest("has a fragment in the Host", 400, "GET / HTTP/1.1\r\nHost: example.com#x\r\n\r\n"),
    HostileRequest("has a script in the Host", 400, "GET / HTTP/1.1\r\nHost: <script>\r\n\r\n"),
    HostileRequest("has a quote in the Host", 400, "GET / HTTP/1.1\r\nHost: example.com\"\r\n\r\n"),
    HostileRequest("has a backslash in the Host", 400, "GET / HTTP/1.1\r\nHost: example.com\\x\r\n\r\n"),
    HostileRequest("has a percent-encoded Host", 400, "GET / HTTP/1.1\r\nHost: example%2ecom\r\n\r\n"),
    HostileRequest("has a byte above ASCII in the Host", 400, "GET / HTTP/1.1\r\nHost: ex\u{E4}mple.com\r\n\r\n"),
    HostileRequest("has a tab in the Host", 400, "GET / HTTP/1.1\r\nHost: example\t.com\r\n\r\n"),
    HostileRequest("has a word for a port", 400, "GET / HTTP/1.1\r\nHost: example.com:http\r\n\r\n"),
    HostileRequest("has a signed port", 400, "GET / HTTP/1.1\r\nHost: example.com:+80\r\n\r\n"),
    HostileRequest("has port 65536", 400, "GET / HTTP/1.1\r\nHost: example.com:65536\r\n\r\n"),
    HostileRequest("has an endless port", 400, "GET / HTTP/1.1\r\nHost: a:99999999999999999999999\r\n\r\n"),
    HostileRequest("has two ports", 400, "GET / HTTP/1.1\r\nHost: example.com:80:80\r\n\r\n"),
    HostileRequest("has a port and no host", 400, "GET / HTTP/1.1\r\nHost: :80\r\n\r\n"),
    HostileRequest("has an IPv6 Host without brackets", 400, "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n"),
    HostileRequest("has an IPv6 Host without an end", 400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"),
    HostileRequest("has an IPv6 Host with more after it", 400, "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n"),
    HostileRequest("has an IPv6 Host of nine groups", 400, "GET / HTTP/1.1\r\nHost: [1:2:3:4:5:6:7:8:9]\r\n\r\n"),
    HostileRequest("has an IPv6 Host with a zone", 400, "GET / HTTP/1.1\r\nHost: [fe80::1%25eth0]\r\n\r\n"),
    HostileRequest("has an IPv4 Host in brackets", 400, "GET / HTTP/1.1\r\nHost: [127.0.0.1]\r\n\r\n"),
    HostileRequest("has empty brackets for a Host", 400, "GET / HTTP/1.1\r\nHost: []\r\n\r\n"),
]

private let hostileLengths: [HostileRequest] = [
    HostileRequest("has an empty Content-Length", 400, post + "Content-Length:\r\n\r\n"),
    HostileRequest("has a signed Content-Length", 400, post + "Content-Length: +5\r\n\r\nhello"),
    HostileRequest("has a negative Content-Length", 400, post + "Content-Length: -5\r\n\r\nhello"),
    HostileRequest("has a negative zero Content-Length", 400, post + "Content-Length: -0\r\n\r\n"),
    HostileRequest("has a hexadecimal Content-Length", 400, post + "Content-Length: 0x5\r\n\r\nhello"),
    HostileRequest("has an underscore in the Content-Length", 400, post + "Content-Length: 0_5\r\n\r\nhello"),
    HostileRequest("has a fraction for a Content-Length", 400, post + "Content-Length: 5.0\r\n\r\nhello"),
    HostileRequest("has an exponent in the Content-Length", 400, post + "Content-Length: 5e0\r\n\r\nhello"),
    HostileRequest("has a word for a Content-Length", 400, post + "Content-Length: five\r\n\r\nhello"),
    HostileRequest("has a quoted Content-Length", 400, post + "Content-Length: \"5\"\r\n\r\nhello"),
    HostileRequest("has a space in the Content-Length", 400, post + "Content-Length: 1 5\r\n\r\nhello"),
    HostileRequest("has two Content-Lengths", 400, post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
    HostileRequest("has two equal Content-Lengths", 400, post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
    HostileRequest("has a list of Content-Lengths", 400, post + "Content-Length: 5, 6\r\n\r\nhello"),
    HostileRequest("has a list of equal Content-Lengths", 400, post + "Content-Length: 5, 5\r\n\r\nhello"),
    HostileRequest("has a Content-Length with a comma", 400, post + "Content-Length: 5,\r\n\r\nhello"),
    HostileRequest("has superscript digits", 400, post + "Content-Length: \u{B2}\r\n\r\n"),
    HostileRequest("has a Content-Length of 2^63", 413, post + "Content-Length: 9223372036854775808\r\n\r\n"),
    HostileRequest("has a Content-Length of 2^64 + 5", 413, post + "Content-Length: 18446744073709551621\r\n\r\nhello"),
    HostileRequest("has 50 digits", 413, post + "Content-Length: " + String(repeating: "9", count: 50) + "\r\n\r\n"),
]

private let hostileCodings: [HostileRequest] = [
    HostileRequest(
        "has Content-Length and chunks",
        400,
        post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    HostileRequest(
        "has chunks and Content-Length",
        400,
        post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"
    ),
    HostileRequest("has chunks on HTTP/1.0", 400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    HostileRequest("has an empty Transfer-Encoding", 400, post + "Transfer-Encoding:\r\n\r\n"),
    HostileRequest(
        "has an empty Transfer-Encoding beside a length",
        400,
        post + "Content-Length: 5\r\nTransfer-Encoding:\r\n\r\nhello"
    ),
    HostileRequest("is chunked twice", 400, post + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    HostileRequest(
        "is chunked in two fields",
        400,
        post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    HostileRequest(
        "is chunked and then identity",
        400,
        post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"
    ),
    HostileRequest("is chunked and then gzipped", 400, post + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
    HostileRequest("is chunked with a comma", 400, post + "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n"),
    HostileRequest("is chunked after a comma", 400, post + "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n"),
    HostileRequest("is chunked with a parameter", 400, post + "Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n"),
    HostileRequest("is chunked in quotes", 400, post + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
    HostileRequest("is chunked behind a vertical tab", 400, post + "Transfer-Encoding: \u{B}chunked\r\n\r\n0\r\n\r\n"),
    HostileRequest(
        "is chunked behind a no-break space",
        400,
        post + "Transfer-Encoding: \u{A0}chunked\r\n\r\n0\r\n\r\n"
    ),
    HostileRequest("is chunked with two words", 400, post + "Transfer-Encoding: chunked x\r\n\r\n0\r\n\r\n"),
    HostileRequest("is gzipped and then chunked", 501, post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    HostileRequest("is gzipped", 501, post + "Transfer-Encoding: gzip\r\n\r\n"),
    HostileRequest("has identity for a coding", 501, post + "Transfer-Encoding: identity\r\n\r\n"),
    HostileRequest("is xchunked", 501, post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    HostileRequest("is chunke", 501, post + "Transfer-Encoding: chunke\r\n\r\n0\r\n\r\n"),
]

private let hostileExpectations: [HostileRequest] = [
    HostileRequest("expects the impossible", 417, post + "Expect: 200-ok\r\nContent-Length: 5\r\n\r\n"),
    HostileRequest("expects nothing", 417, post + "Expect:\r\nContent-Length: 5\r\n\r\n"),
    HostileRequest("expects two things", 417, post + "Expect: 100-continue, x\r\nContent-Length: 5\r\n\r\n"),
    HostileRequest("expects with a parameter", 417, post + "Expect: 100-continue;a=b\r\nContent-Length: 5\r\n\r\n"),
]

private let hostileChunks: [HostileRequest] = [
    HostileRequest("has a chunk without a size", 400, chunked + "\r\nhello\r\n0\r\n\r\n"),
    HostileRequest("has a chunk size with a sign", 400, chunked + "+5\r\nhello\r\n0\r\n\r\n"),
    HostileRequest("has a negative chunk size", 400, chunked + "-5\r\nhello\r\n0\r\n\r\n"),
    HostileRequest("has a chunk size with 0x", 400, chunked + "0x5\r\nhello\r\n0\r\n\r\n"),
    HostileRequest("has a chunk size with an underscore", 400, chunked + "0_5\r\nhello\r\n0\r\n\r\n"),
    HostileRequest("has a chunk size that is a word", 400, chunked + "g\r\nhello\r\n0\r\n\r\n"),
    HostileRequest("has a space before a chunk size", 400, chunked + " 5\r\nhello\r\n0\r\n\r\n"),
    HostileRequest("has a space after a chunk size", 400, chunked + "5 \r\nhello\r\n0\r\n\r\n"),
    HostileRequest("has a tab after a chunk size", 400, chunked + "5\t\r\nhello\r\n0\r\n\r\n"),
    HostileRequest("has a chunk size of 2^64", 400, chunked + "10000000000000000\r\nhello\r\n0\r\n\r\n"),
    HostileRequest("has a chunk size of 2^63", 400, chunked + "8000000000000000\r\nhello\r\n0\r\n\r\n"),
    HostileRequest("has a chunk size of 2^64 + 5", 400, chunked + "10000000000000005\r\nhello\r\n0\r\n\r\n"),
    HostileRequest("has 300 zeros before a chunk size", 400, chunked + String(repeating: "0", count: 300) + "5\r\n"),
    HostileRequest("ends a chunk size with a bare line feed", 400, chunked + "5\nhello\r\n0\r\n\r\n"),
    HostileRequest("ends a chunk size with a bare CR", 400, chunked + "5\rhello\r\n0\r\n\r\n"),
    HostileRequest("has a chunk longer than its size", 400, chunked + "4\r\nhello\r\n0\r\n\r\n"),
    HostileRequest("ends a chunk with a bare line feed", 400, chunked + "5\r\nhello\n0\r\n\r\n"),
    HostileRequest("ends a chunk with a bare CR", 400, chunked + "5\r\nhello\r0\r\n\r\n"),
    HostileRequest("ends a chunk with something and a line feed", 400, chunked + "5\r\nhelloX\n0\r\n\r\n"),
    HostileRequest("has no line end after a chunk", 400, chunked + "5\r\nhello0\r\n\r\n"),
    HostileRequest("has a bare line feed in a chunk extension", 400, chunked + "5;a=b\nhello\r\n0\r\n\r\n"),
    HostileRequest("has a bare CR in a chunk extension", 400, chunked + "5;a\rb\r\nhello\r\n0\r\n\r\n"),
    HostileRequest("has NUL in a chunk extension", 400, chunked + "5;a=\0\r\nhello\r\n0\r\n\r\n"),
    HostileRequest("has a nameless chunk extension", 400, chunked + "5;\r\nhello\r\n0\r\n\r\n"),
    HostileRequest("has a chunk extension without a value", 400, chunked + "5;a=\r\nhello\r\n0\r\n\r\n"),
    HostileRequest("has a quote without an end", 400, chunked + "5;a=\"b\r\nhello\r\n0\r\n\r\n"),
    HostileRequest("hides a line end in a quoted extension", 400, chunked + "5;a=\"\r\n\"\r\nhello\r\n0\r\n\r\n"),
    HostileRequest("has words after a quoted extension", 400, chunked + "5;a=\"b\"c\r\nhello\r\n0\r\n\r\n"),
    HostileRequest(
        "has a chunk extension of 300 bytes",
        400,
        chunked + "5;" + String(repeating: "e", count: 300) + "\r\n"
    ),
    HostileRequest("never ends a chunk extension", 400, chunked + "5;" + String(repeating: "e", count: 5_000)),
    HostileRequest("has a trailer without a colon", 400, chunked + "0\r\nNonsense\r\n\r\n"),
    HostileRequest("has a trailer without a name", 400, chunked + "0\r\n: x\r\n\r\n"),
    HostileRequest("has a space before a trailer's colon", 400, chunked + "0\r\nX-One : x\r\n\r\n"),
    HostileRequest("folds a trailer", 400, chunked + "0\r\nX-One: x\r\n y\r\n\r\n"),
    HostileRequest("has NUL in a trailer", 400, chunked + "0\r\nX-One: \0\r\n\r\n"),
    HostileRequest("ends a trailer with a bare line feed", 400, chunked + "0\r\nX-One: x\n\r\n"),
    HostileRequest("ends the body with a bare line feed", 400, chunked + "0\r\n\n"),
    HostileRequest("ends the last chunk size with a bare line feed", 400, chunked + "0\n\r\n"),
    HostileRequest(
        "puts the next request where a trailer goes",
        400,
        chunked + "0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"
    ),
    HostileRequest("has 101 trailers", 431, chunked + "0\r\n" + String(repeating: "A: b\r\n", count: 101) + "\r\n"),
    HostileRequest(
        "has a trailer of 9 kB",
        431,
        chunked + "0\r\nX: " + String(repeating: "t", count: 9_000) + "\r\n\r\n"
    ),
]
