extension Option {
    /// Memory and spool files.
    static let bufferingOptions: [Option] = [
        .size(
            "body-memory",
            \.buffering.bodyMemory,
            ByteCount(bytes: 0)...ByteCount.gibibytes(1),
            in: .buffering,
            summary: "bytes of a request body kept in memory",
            discussion: """
                The rest goes to an unlinked file. A dashboard's callback is a few KiB, so files are for uploads; all \
                connections together may use this much each.
                """
        ),
        .size(
            "response-memory",
            \.buffering.responseMemory,
            ByteCount(bytes: 0)...ByteCount.gibibytes(1),
            in: .buffering,
            summary: "bytes of a response kept in memory for a slow client",
            discussion: """
                The rest goes to an unlinked file, so that the app's thread is free as soon as it has written.
                """
        ),
        .single(
            "spool-dir",
            .text,
            "DIR",
            in: .buffering,
            automatically: "`$TMPDIR`, else `/tmp`",
            summary: "directory of the files bodies wait in",
            discussion: """
                Should be a disk: where `/tmp` is in memory (tmpfs), choose `/var/tmp`. The files have no names and \
                vanish with the server.
                """,
            read: { value, base, configuration throws(ValueError) in
                guard !value.isEmpty else { throw ValueError("is empty") }
                configuration.buffering.spoolDirectory = PathText.absolute(value, base: base)
            },
            text: { $0.buffering.spoolDirectory }
        ),
        .single(
            "spool-limit",
            .size,
            "SIZE",
            in: .buffering,
            summary: "most bytes of all those files together, 0 for any, or auto",
            discussion: """
                `auto` is half of what the file system has free. A body that could never fit is answered 413, one for \
                which there is no room now 503; a response waits in its app until there is room.
                """,
            read: { value, _, configuration throws(ValueError) in
                configuration.buffering.spoolLimit = value == "auto" ? nil : try ByteCount.parse(value)
            },
            text: { $0.buffering.spoolLimit?.description ?? "auto" }
        ),
    ]
}
