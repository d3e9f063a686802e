extension Option {
    /// WebSockets.
    static let webSocketOptions: [Option] = [
        .integer(
            "max-websockets",
            \.webSockets.maximum,
            1...500_000,
            in: .asgi,
            summary: "most WebSockets of one worker",
            discussion: """
                A handshake beyond that is answered 503. An open WebSocket is none of the `concurrency` requests; it \
                is one of the `max-connections`.
                """
        ),
        .size(
            "ws-max-size",
            \.webSockets.maximumMessage,
            ByteCount(bytes: 0)...ByteCount.gibibytes(16),
            in: .asgi,
            summary: "largest WebSocket message of a client; 0 for any",
            discussion: """
                A larger one closes the WebSocket with 1009. A message is handed to the app whole, so this much of the \
                worker's memory a client can take for each WebSocket; 32 MiB is more than the 25 MB that a page of \
                Streamlit may send.
                """
        ),
        .size(
            "ws-unfinished-per-worker",
            \.webSockets.unfinishedPerWorker,
            ByteCount(bytes: 0)...ByteCount.gibibytes(64),
            in: .asgi,
            summary: "unfinished WebSocket messages to one worker, bytes; 0 for any",
            discussion: """
                What has come of a message lies in the worker's memory until its end comes. When there is too much, the \
                WebSocket with the largest of these messages is closed with 1009. A message that is alone is bounded by \
                `ws-max-size` only.
                """
        ),
        .size(
            "ws-unfinished",
            \.webSockets.unfinished,
            ByteCount(bytes: 0)...ByteCount.gibibytes(1024),
            in: .asgi,
            summary: "unfinished WebSocket messages in all, bytes; 0 for any",
            discussion: "Like `ws-unfinished-per-worker`, for all workers together."
        ),
        .duration(
            "ws-message-timeout",
            \.webSockets.messageTimeout,
            atLeast: .zero,
            in: .asgi,
            summary: "how long one WebSocket message may take to come; 0 for ever",
            discussion: """
                From its first byte to its last, without the time in which the app takes nothing. Then the WebSocket is \
                closed with 1008. Enough for 32 MiB at 1 Mbit/s.
                """
        ),
        .choice(
            "ws-compression",
            \.webSockets.compression,
            in: .asgi,
            metavariable: "WORD",
            summary: "compression of WebSocket messages: off or deflate",
            discussion: """
                `deflate` agrees on permessage-deflate (RFC 7692) with clients that offer it, as browsers do, and keeps no \
                memory for a WebSocket on which nothing moves. It makes JSON and other text two to five times \
                smaller, which slow lines notice, and costs the front's one processor 5 to 12 ms for each MiB sent. \
                `ws-max-size` counts what a message says, not what it takes to send.
                """
        ),
        .duration(
            "ws-ping-interval",
            \.webSockets.pingInterval,
            atLeast: .zero,
            in: .asgi,
            summary: "time between two pings of a WebSocket; 0 for none",
            discussion: """
                30 s, as Streamlit's own server has it: half of the 60 s after which proxies (nginx, AWS) drop a \
                connection on which nothing moves. The front sends the pings, whatever the app is busy with.
                """
        ),
        .duration(
            "ws-ping-timeout",
            \.webSockets.pingTimeout,
            atLeast: .zero,
            in: .asgi,
            summary: "how long a client may leave a ping unanswered; 0 for ever",
            discussion: """
                Counts from when the ping has reached the client, and any byte from it will do. Then the app is told that \
                the connection is lost (1006). Long enough for a phone that changes its network.
                """
        ),
    ]
}
