// swift-tools-version: 6.2

import PackageDescription

// A package of somebody else's that wants the peer channel without its post-quantum suite, which is the default.
let package = Package(
    name: "peer-only",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "ChainferenceKit", path: "../../../..")],
    targets: [
        .executableTarget(
            name: "peer-only",
            dependencies: [.product(name: "PeerChannel", package: "ChainferenceKit")]
        )
    ]
)
