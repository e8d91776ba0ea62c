// swift-tools-version: 6.2

import PackageDescription

// A package of somebody else's that uses the kit as the README shows. `extract.py` writes the snippets' sources.
let package = Package(
    name: "snippets",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "ChainferenceKit", path: "../../../..")],
    targets: [
        .executableTarget(
            name: "snippets",
            dependencies: [
                .product(name: "ChainferenceKit", package: "ChainferenceKit"),
                .product(name: "Solana", package: "ChainferenceKit"),
                .product(name: "LocalCluster", package: "ChainferenceKit"),
            ],
            swiftSettings: [.enableUpcomingFeature("MemberImportVisibility")]
        )
    ]
)
