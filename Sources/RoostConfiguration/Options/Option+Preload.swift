extension Option {
    /// Workers forked from one process.
    static let preloadOptions: [Option] = [
        .boolean(
            "preload",
            \.workers.preloadsApp,
            in: .workers,
            summary: "import the app once and fork the workers from it",
            discussion: """
                Saves memory, for workers share the pages that the import filled until one of them writes there, and \
                a replaced worker is there in milliseconds instead of the time of an import. For an app that starts \
                nothing when it is imported: threads and connections do not survive a fork. Where Roost sees that \
                there are any, each worker imports the app itself as without this option, and the log says why.
                """
        )
    ]
}
