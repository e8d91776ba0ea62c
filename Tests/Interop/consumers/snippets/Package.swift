// swift-tools-version: 6.2

import PackageDescription

// A package of somebody else's that uses the kit as the README and the guides show. `extract.py` writes the snippets' sources.
let package = Package(
    name: "snippets",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "ChainferenceKit", path: "../../../.."),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .executableTarget(
            name: "snippets",
            dependencies: [
                .product(name: "ChainferenceKit", package: "ChainferenceKit"),
                .product(name: "CurlHTTP", package: "ChainferenceKit"),
                .product(name: "Inference", package: "ChainferenceKit"),
                .product(name: "LocalCluster", package: "ChainferenceKit"),
                .product(name: "Solana", package: "ChainferenceKit"),
                .product(name: "SolanaRPC", package: "ChainferenceKit"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: [
                .enableUpcomingFeature("MemberImportVisibility"),
                // That a sample does nothing with its results is no fault of it.
                .unsafeFlags(["-suppress-warnings"]),
            ]
        )
    ]
)
