/// Reads the `ROOST_` variables.
///
/// An empty one counts as absent, as container tools leave it for "not set".
enum EnvironmentLayer {
    /// Reads the variables, in the order of their names.
    static func read(_ environment: [String: String], directory: String) -> Layer {
        var layer = Layer()
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix("ROOST_") {
            if let option = OptionTable.option(environmentName: name), !isInjected(name, value: value) {
                guard !value.isEmpty else { continue }
                layer.assign(option, Layer.split(value, for: option), from: .environment(name: name), base: directory)
            } else if !isOwn(name), !isInjected(name, value: value) {
                let names = OptionTable.all.filter { $0.sources.contains(.environment) }.map(\.environmentName)
                layer.problems.append(
                    .init(
                        code: .unknownOption,
                        reason: "unknown variable '\(name)'",
                        origin: .environment(name: name),
                        suggestion: Suggestion.nearest(to: name, among: names)
                    )
                )
            }
        }
        return layer
    }

    /// Variables that parts of Roost set for each other.
    private static func isOwn(_ name: String) -> Bool {
        ["ROOST_BINARY", "ROOST_PYTHON_PATH", "ROOST_LIBRARY"].contains(name) || name.hasPrefix("ROOST_WORKER_")
    }

    /// Variables that Kubernetes sets in every container when a Service is called `roost`, or `roost-` and more.
    ///
    /// They are `ROOST_SERVICE_HOST`, `ROOST_PORT=tcp://10.0.0.11:80`, `ROOST_PORT_80_TCP_ADDR`,
    /// `ROOST_WEB_SERVICE_PORT` and such.
    private static func isInjected(_ name: String, value: String) -> Bool {
        if name.hasSuffix("_SERVICE_HOST") || name.hasSuffix("_SERVICE_PORT") { return true }
        if name.contains("_SERVICE_PORT_") { return true }
        if name.hasSuffix("_PORT"), value.contains("://") { return true }
        return name.contains("_PORT_") && (name.contains("_TCP") || name.contains("_UDP"))
    }
}
