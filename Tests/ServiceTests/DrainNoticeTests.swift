import Service
import Testing

@Suite struct `What is said when the server drains` {
    @Test func `how many, how long at most, and how to end at once`() {
        let notice = DrainNotice(requests: 3, sockets: 1, limit: .seconds(30), isInterrupt: true)
        #expect(
            notice.text
                == "draining: 3 requests and 1 WebSocket are given at most 30 s; a second Ctrl-C ends now"
        )
    }

    @Test func `one request, ended by a signal`() {
        let notice = DrainNotice(requests: 1, sockets: 0, limit: .milliseconds(500), isInterrupt: false)
        #expect(notice.text == "draining: 1 request is given at most 500 ms; a second signal ends now")
    }

    @Test func `nothing is left`() {
        let notice = DrainNotice(requests: 0, sockets: 0, limit: .seconds(30), isInterrupt: true)
        #expect(notice.text == "draining: no request is left")
    }
}
