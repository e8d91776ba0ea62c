// swift-tools-version: 6.2

import PackageDescription

// A package that needs Borsh alone, and so must build nothing else.
let package = Package(
    name: "borsh-only",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "ChainferenceKit", path: "../../../..")],
    targets: [
        .executableTarget(name: "borsh-only", dependencies: [.product(name: "Borsh", package: "ChainferenceKit")])
    ]
)
