// swift-tools-version: 6.2
import PackageDescription

// One settings list for every target. Each upcoming feature with its proposal:
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    // SE-0335 Introduce existential `any`
    .enableUpcomingFeature("ExistentialAny"),
    // SE-0409 Access-level modifiers on import declarations
    .enableUpcomingFeature("InternalImportsByDefault"),
    // SE-0444 Member import visibility
    .enableUpcomingFeature("MemberImportVisibility"),
]

// The targets on the path that every request takes. Debug builds, and so the tests, check exclusive access; in what is
// served from, the check itself costs some percent, and a violation would end the server.
let hotSettings = settings + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

let package = Package(
    name: "roost",
    products: [
        .executable(name: "roost", targets: ["roost"]),
        // Loaded into the user's own interpreter: one file for every CPython.
        .library(name: "RoostWorker", type: .dynamic, targets: ["RoostWorker"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-atomics", from: "1.3.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        // Without traits: each brings a part of Foundation that the front would hold in memory for nothing.
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Pure: they decide.
        .target(name: "RequestQueue", swiftSettings: hotSettings),
        .target(name: "HTTPCodec", swiftSettings: hotSettings),
        // Which worker keeps which browser's state.
        .target(name: "Sessions", dependencies: ["RequestQueue"], swiftSettings: settings),
        .target(name: "WebSocketCodec", swiftSettings: hotSettings),
        // Compression of WebSocket messages, by the system's zlib.
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "MessageCompression", dependencies: ["CZlib", "WebSocketCodec"], swiftSettings: hotSettings),
        .target(name: "Telemetry", swiftSettings: settings),
        .target(
            // Not "Configuration": that is a module of swift-configuration, which Hummingbird brings.
            name: "RoostConfiguration",
            swiftSettings: settings
        ),

        // What lies at a path, and what may be done with it.
        .target(name: "PathSafety", swiftSettings: settings),

        // What `--reload` watches and shows.
        .target(name: "Development", dependencies: ["CRoostSystem", "Telemetry"], swiftSettings: settings),

        // The wire between the front and a worker.
        .target(name: "CRoostSystem"),
        .target(
            name: "WorkerLink",
            dependencies: ["CRoostSystem", .product(name: "Atomics", package: "swift-atomics")],
            swiftSettings: hotSettings
        ),

        // Inside the interpreter.
        .systemLibrary(name: "CPython"),
        .target(
            name: "RoostWorker",
            dependencies: ["CPython", "CRoostSystem", "WorkerLink"],
            swiftSettings: settings + [
                .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))
            ],
            linkerSettings: [.unsafeFlags(["-static-stdlib"])]
        ),

        // The process on its machine: service manager, pid file, user, and the handover to a new process.
        .target(name: "Service", dependencies: ["CRoostSystem", "PathSafety"], swiftSettings: settings),

        // Around the values: they act.
        .target(
            name: "Workers",
            dependencies: [
                "CRoostSystem", "WorkerLink", "RequestQueue",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Front",
            dependencies: [
                "CRoostSystem", "HTTPCodec", "MessageCompression", "PathSafety", "RequestQueue", "Sessions",
                "Telemetry", "WebSocketCodec", "WorkerLink", "Workers",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: hotSettings
        ),
        .target(
            name: "LogSink",
            dependencies: ["Telemetry", .product(name: "Logging", package: "swift-log")],
            swiftSettings: settings
        ),
        .target(
            name: "Admin",
            dependencies: [
                "PathSafety", "Telemetry",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "roost",
            dependencies: [
                "Admin", "CRoostSystem", "Development", "Front", "HTTPCodec", "LogSink", "PathSafety", "RequestQueue",
                "RoostConfiguration", "Service", "Sessions", "Telemetry", "WorkerLink", "Workers",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),

        .testTarget(name: "RequestQueueTests", dependencies: ["RequestQueue"], swiftSettings: settings),
        .testTarget(name: "SessionsTests", dependencies: ["RequestQueue", "Sessions"], swiftSettings: settings),
        .testTarget(name: "HTTPCodecTests", dependencies: ["HTTPCodec"], swiftSettings: settings),
        .testTarget(name: "WebSocketCodecTests", dependencies: ["WebSocketCodec"], swiftSettings: settings),
        .testTarget(
            name: "MessageCompressionTests",
            dependencies: ["MessageCompression", "WebSocketCodec"],
            swiftSettings: settings
        ),
        .testTarget(name: "DevelopmentTests", dependencies: ["Development"], swiftSettings: settings),
        .testTarget(name: "TelemetryTests", dependencies: ["Telemetry"], swiftSettings: settings),
        .testTarget(name: "RoostConfigurationTests", dependencies: ["RoostConfiguration"], swiftSettings: settings),
        .testTarget(
            name: "LogSinkTests",
            dependencies: ["LogSink", "Telemetry", .product(name: "Logging", package: "swift-log")],
            swiftSettings: settings
        ),
        .testTarget(
            name: "AdminTests",
            dependencies: ["Admin", "Telemetry", .product(name: "Logging", package: "swift-log")],
            swiftSettings: settings
        ),
        .testTarget(name: "PathSafetyTests", dependencies: ["PathSafety"], swiftSettings: settings),
        .testTarget(name: "ServiceTests", dependencies: ["Service"], swiftSettings: settings),
        .testTarget(name: "WorkerLinkTests", dependencies: ["WorkerLink"], swiftSettings: settings),
        .testTarget(
            name: "WorkersTests",
            dependencies: [
                "RequestQueue", "WorkerLink", "Workers",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "FrontTests",
            dependencies: [
                "CRoostSystem", "Front", "HTTPCodec", "RequestQueue", "Sessions", "Telemetry", "WebSocketCodec",
                "WorkerLink", "Workers",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
    ]
)
