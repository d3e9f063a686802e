/// What the renderers make of the snapshot in `RenderingTests`, to the letter.
enum ExpectedText {
    static let status = """
        roost 0.1.0 serving sales_dash:server, up 2 h 5 min, pid 4242, 20.0 MiB resident

        queue      depth 12 (limit 192), oldest 840 ms, most 40
        threads    16 of 16 busy, 31.0 req/s finishing
        requests   5 answered: 4 2xx, 1 5xx
        refused    1 full
        left       1 waiting
        clients    1 connections open, 1 since the start
        workers    1 replaced, 0 killed for breaking the protocol
        log        9 lines dropped: its reader stalled, or writing failed

        since the start      p50      p95      p99     most
        queue time       2.00 ms  2.00 ms  2.00 ms  2.00 ms
        service time     50.3 ms   90.0 s   90.0 s   90.0 s

        worker   pid        state  busy  requests    up  resident
        1       4243        ready   8/8         3  42 s  60.0 MiB
        2          -  backing_off   0/8         0   0 s         -

        """

    static let prometheus = """
        # HELP roost_info Always 1; the version is a label.
        # TYPE roost_info gauge
        roost_info{version="0.1.0"} 1
        # HELP roost_uptime_seconds Age of the front's process.
        # TYPE roost_uptime_seconds gauge
        roost_uptime_seconds 7500.000
        # HELP roost_resident_bytes Resident memory of the front's process.
        # TYPE roost_resident_bytes gauge
        roost_resident_bytes 20971520
        # HELP roost_draining 1 while the server drains, otherwise 0.
        # TYPE roost_draining gauge
        roost_draining 0
        # HELP roost_queue_depth Requests waiting for a thread.
        # TYPE roost_queue_depth gauge
        roost_queue_depth 12
        # HELP roost_queue_limit The most requests that may wait.
        # TYPE roost_queue_limit gauge
        roost_queue_limit 192
        # HELP roost_queue_depth_max The most requests that have waited at once.
        # TYPE roost_queue_depth_max gauge
        roost_queue_depth_max 40
        # HELP roost_queue_oldest_seconds How long the oldest waiting request has waited.
        # TYPE roost_queue_oldest_seconds gauge
        roost_queue_oldest_seconds 0.840
        # HELP roost_completions_per_second Requests finishing per second, lately.
        # TYPE roost_completions_per_second gauge
        roost_completions_per_second 31.0
        # HELP roost_threads Threads of all workers that take requests; of ASGI workers, how many requests they may have at once.
        # TYPE roost_threads gauge
        roost_threads 16
        # HELP roost_threads_busy Threads that run a request; of ASGI workers, requests in flight.
        # TYPE roost_threads_busy gauge
        roost_threads_busy 16
        # HELP roost_workers Worker processes that take requests.
        # TYPE roost_workers gauge
        roost_workers 1
        # HELP roost_workers_configured Worker processes there should be.
        # TYPE roost_workers_configured gauge
        roost_workers_configured 2
        # HELP roost_generation The generation of workers that serves, from 1.
        # TYPE roost_generation gauge
        roost_generation 1
        # HELP roost_workers_coming Worker processes that are to take another's place.
        # TYPE roost_workers_coming gauge
        roost_workers_coming 0
        # HELP roost_workers_leaving Worker processes that finish what they have, then leave.
        # TYPE roost_workers_leaving gauge
        roost_workers_leaving 0
        # HELP roost_worker_restarts_total Workers replaced because they ended or were killed.
        # TYPE roost_worker_restarts_total counter
        roost_worker_restarts_total 1
        # HELP roost_worker_protocol_errors_total Workers killed because they broke the protocol of their link.
        # TYPE roost_worker_protocol_errors_total counter
        roost_worker_protocol_errors_total 0
        # HELP roost_worker_recycles_total Workers replaced though they could have gone on.
        # TYPE roost_worker_recycles_total counter
        roost_worker_recycles_total{reason="max_requests"} 0
        roost_worker_recycles_total{reason="max_rss"} 0
        roost_worker_recycles_total{reason="max_lifetime"} 0
        roost_worker_recycles_total{reason="stuck"} 0
        roost_worker_recycles_total{reason="lifespan"} 0
        # HELP roost_reloads_total Reloads.
        # TYPE roost_reloads_total counter
        roost_reloads_total{result="succeeded"} 0
        roost_reloads_total{result="failed"} 0
        # HELP roost_worker_up 1 for a worker that takes requests, otherwise 0.
        # TYPE roost_worker_up gauge
        roost_worker_up{worker="1"} 1
        roost_worker_up{worker="2"} 0
        # HELP roost_worker_threads_busy Threads of the worker that run a request.
        # TYPE roost_worker_threads_busy gauge
        roost_worker_threads_busy{worker="1"} 8
        roost_worker_threads_busy{worker="2"} 0
        # HELP roost_worker_requests_total Requests the worker's process finished.
        # TYPE roost_worker_requests_total counter
        roost_worker_requests_total{worker="1"} 3
        roost_worker_requests_total{worker="2"} 0
        # HELP roost_worker_uptime_seconds Age of the worker's process.
        # TYPE roost_worker_uptime_seconds gauge
        roost_worker_uptime_seconds{worker="1"} 42.000
        roost_worker_uptime_seconds{worker="2"} 0.000
        # HELP roost_worker_resident_bytes Resident memory of the worker's process.
        # TYPE roost_worker_resident_bytes gauge
        roost_worker_resident_bytes{worker="1"} 62914560
        # HELP roost_requests_total Requests answered, by status and method.
        # TYPE roost_requests_total counter
        roost_requests_total{status="200",method="GET"} 3
        roost_requests_total{status="200",method="POST"} 1
        roost_requests_total{status="503",method="GET"} 1
        # HELP roost_refused_total Requests answered without the application.
        # TYPE roost_refused_total counter
        roost_refused_total{cause="full"} 1
        roost_refused_total{cause="timeout"} 0
        # HELP roost_failed_total Requests answered 5xx because the application did not answer.
        # TYPE roost_failed_total counter
        roost_failed_total{cause="worker_ended"} 0
        roost_failed_total{cause="request_timeout"} 0
        roost_failed_total{cause="aborted"} 0
        roost_failed_total{cause="undeliverable"} 0
        # HELP roost_cut_total Responses cut after their head.
        # TYPE roost_cut_total counter
        roost_cut_total{cause="worker_ended"} 0
        roost_cut_total{cause="request_timeout"} 0
        roost_cut_total{cause="aborted"} 0
        roost_cut_total{cause="undeliverable"} 0
        # HELP roost_retries_total Requests given to another worker.
        # TYPE roost_retries_total counter
        roost_retries_total{cause="worker_ended"} 0
        roost_retries_total{cause="not_begun"} 0
        roost_retries_total{cause="not_taken"} 0
        # HELP roost_clients_left_total Clients that left before their answer.
        # TYPE roost_clients_left_total counter
        roost_clients_left_total{phase="waiting"} 1
        roost_clients_left_total{phase="running"} 0
        roost_clients_left_total{phase="sending"} 0
        # HELP roost_queue_seconds Queue time of requests that a thread took.
        # TYPE roost_queue_seconds histogram
        roost_queue_seconds_bucket{le="0.0005"} 0
        roost_queue_seconds_bucket{le="0.001"} 0
        roost_queue_seconds_bucket{le="0.0025"} 1
        roost_queue_seconds_bucket{le="0.005"} 1
        roost_queue_seconds_bucket{le="0.01"} 1
        roost_queue_seconds_bucket{le="0.025"} 1
        roost_queue_seconds_bucket{le="0.05"} 1
        roost_queue_seconds_bucket{le="0.1"} 1
        roost_queue_seconds_bucket{le="0.25"} 1
        roost_queue_seconds_bucket{le="0.5"} 1
        roost_queue_seconds_bucket{le="1"} 1
        roost_queue_seconds_bucket{le="2.5"} 1
        roost_queue_seconds_bucket{le="5"} 1
        roost_queue_seconds_bucket{le="10"} 1
        roost_queue_seconds_bucket{le="30"} 1
        roost_queue_seconds_bucket{le="60"} 1
        roost_queue_seconds_bucket{le="+Inf"} 1
        roost_queue_seconds_sum 0.002000000
        roost_queue_seconds_count 1
        # HELP roost_service_seconds Service time of requests that finished.
        # TYPE roost_service_seconds histogram
        roost_service_seconds_bucket{le="0.0005"} 0
        roost_service_seconds_bucket{le="0.001"} 0
        roost_service_seconds_bucket{le="0.0025"} 0
        roost_service_seconds_bucket{le="0.005"} 0
        roost_service_seconds_bucket{le="0.01"} 0
        roost_service_seconds_bucket{le="0.025"} 0
        roost_service_seconds_bucket{le="0.05"} 1
        roost_service_seconds_bucket{le="0.1"} 1
        roost_service_seconds_bucket{le="0.25"} 1
        roost_service_seconds_bucket{le="0.5"} 1
        roost_service_seconds_bucket{le="1"} 1
        roost_service_seconds_bucket{le="2.5"} 1
        roost_service_seconds_bucket{le="5"} 1
        roost_service_seconds_bucket{le="10"} 1
        roost_service_seconds_bucket{le="30"} 1
        roost_service_seconds_bucket{le="60"} 1
        roost_service_seconds_bucket{le="+Inf"} 2
        roost_service_seconds_sum 90.050000000
        roost_service_seconds_count 2
        # HELP roost_request_bytes_total Bytes of request bodies received.
        # TYPE roost_request_bytes_total counter
        roost_request_bytes_total 7
        # HELP roost_response_bytes_total Bytes of response bodies sent.
        # TYPE roost_response_bytes_total counter
        roost_response_bytes_total 40
        # HELP roost_connections Client connections open.
        # TYPE roost_connections gauge
        roost_connections 1
        # HELP roost_connections_opened_total Client connections accepted.
        # TYPE roost_connections_opened_total counter
        roost_connections_opened_total 1
        # HELP roost_connections_failed_total Client connections accepted and closed at once because they could not be set up.
        # TYPE roost_connections_failed_total counter
        roost_connections_failed_total 0
        # HELP roost_websockets WebSockets open.
        # TYPE roost_websockets gauge
        roost_websockets 0
        # HELP roost_websockets_opened_total WebSockets that an app has accepted.
        # TYPE roost_websockets_opened_total counter
        roost_websockets_opened_total 0
        # HELP roost_websockets_closed_total WebSockets that have ended.
        # TYPE roost_websockets_closed_total counter
        roost_websockets_closed_total{code="1000"} 0
        roost_websockets_closed_total{code="1001"} 0
        roost_websockets_closed_total{code="1002"} 0
        roost_websockets_closed_total{code="1003"} 0
        roost_websockets_closed_total{code="1004"} 0
        roost_websockets_closed_total{code="1005"} 0
        roost_websockets_closed_total{code="1006"} 0
        roost_websockets_closed_total{code="1007"} 0
        roost_websockets_closed_total{code="1008"} 0
        roost_websockets_closed_total{code="1009"} 0
        roost_websockets_closed_total{code="1010"} 0
        roost_websockets_closed_total{code="1011"} 0
        roost_websockets_closed_total{code="1012"} 0
        roost_websockets_closed_total{code="1013"} 0
        roost_websockets_closed_total{code="1014"} 0
        roost_websockets_closed_total{code="1015"} 0
        roost_websockets_closed_total{code="3xxx"} 0
        roost_websockets_closed_total{code="4xxx"} 0
        roost_websockets_closed_total{code="other"} 0
        # HELP roost_websocket_messages_total Messages of WebSockets.
        # TYPE roost_websocket_messages_total counter
        roost_websocket_messages_total{direction="in"} 0
        roost_websocket_messages_total{direction="out"} 0
        # HELP roost_websocket_bytes_total Bytes of messages of WebSockets.
        # TYPE roost_websocket_bytes_total counter
        roost_websocket_bytes_total{direction="in"} 0
        roost_websocket_bytes_total{direction="out"} 0
        # HELP roost_log_lines_dropped_total Log lines dropped because the reader of the log stalled, or writing failed.
        # TYPE roost_log_lines_dropped_total counter
        roost_log_lines_dropped_total 9

        """
}
