// swift-tools-version: 6.2
import PackageDescription

// Coverage-guided fuzzing of what reads a stranger's bytes; run it with scripts/fuzz.sh.
//
// A package of its own: its flags are unsafe, and nothing else is built with them. The targets under test are links to
// ../Sources, so that the code is the server's.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]
let underTest = settings + [.unsafeFlags(["-sanitize=fuzzer,address"])]
// lld: gold stumbles over what the sanitizers leave in the debug information. It must keep the coverage counters, which
// nothing names.
let linked: [LinkerSetting] = [
    .unsafeFlags([
        "-sanitize=fuzzer,address", "-use-ld=lld", "-Xlinker", "-z", "-Xlinker", "nostart-stop-gc",
    ])
]

let package = Package(
    name: "fuzz",
    dependencies: [.package(url: "https://github.com/apple/swift-atomics", from: "1.3.0")],
    targets: [
        .systemLibrary(name: "CFuzzer", path: "CFuzzer"),
        .target(name: "HTTPCodec", path: "HTTPCodec", swiftSettings: underTest),
        .target(name: "WebSocketCodec", path: "WebSocketCodec", swiftSettings: underTest),
        .systemLibrary(name: "CZlib", path: "CZlib"),
        .target(
            name: "MessageCompression",
            dependencies: ["CZlib", "WebSocketCodec"],
            path: "MessageCompression",
            swiftSettings: underTest
        ),
        .target(name: "CRoostSystem", path: "CRoostSystem"),
        .target(
            name: "WorkerLink",
            dependencies: ["CRoostSystem", .product(name: "Atomics", package: "swift-atomics")],
            path: "WorkerLink",
            swiftSettings: underTest
        ),
        .executableTarget(
            name: "RequestHead",
            dependencies: ["CFuzzer", "HTTPCodec"],
            path: "RequestHead",
            swiftSettings: settings,
            linkerSettings: linked
        ),
        .executableTarget(
            name: "WebSocketFrames",
            dependencies: ["CFuzzer", "MessageCompression", "WebSocketCodec"],
            path: "WebSocketFrames",
            swiftSettings: settings,
            linkerSettings: linked
        ),
        .executableTarget(
            name: "WorkerFrames",
            dependencies: ["CFuzzer", "HTTPCodec", "WorkerLink"],
            path: "WorkerFrames",
            swiftSettings: settings,
            linkerSettings: linked
        ),
    ]
)
