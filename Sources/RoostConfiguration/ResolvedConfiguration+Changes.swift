extension ResolvedConfiguration {
    /// This configuration with the options of `names` as they are in `other`, and all else as it is.
    ///
    /// What a running server makes of a changed configuration of which it can take over only a part: the rest must stay
    /// as it was in every place, for values depend on each other.
    public func taking(_ names: Set<String>, from other: ResolvedConfiguration) -> ResolvedConfiguration {
        var configuration = configuration
        var origins = origins
        for option in OptionTable.all where names.contains(option.name) {
            let values = option.texts(other.configuration)
            guard !values.isEmpty || option.isRepeatable else { continue }
            do {
                // Every value prints as a text that it reads back; its paths are absolute.
                try option.read(values, "/", &configuration)
                origins[option.name] = other.origins[option.name]
            } catch {
                continue
            }
        }
        return ResolvedConfiguration(
            configuration: configuration,
            origins: origins,
            configurationFile: other.configurationFile
        )
    }
}
