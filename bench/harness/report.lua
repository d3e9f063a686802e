-- Prints what wrk counted as one line of JSON, so that nothing has to be read out of prose.
function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        'REPORT {"requests": %d, "seconds": %.6f, "p50_ms": %.4f, "p99_ms": %.4f, "connect": %d, "read": %d, '
            .. '"write": %d, "status": %d, "timeout": %d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        errors.connect, errors.read, errors.write, errors.status, errors.timeout
    ))
end
