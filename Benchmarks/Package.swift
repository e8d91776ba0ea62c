// swift-tools-version: 6.2

import PackageDescription

// A package of its own, so that users of ChainferenceKit never resolve it.

let package = Package(
    name: "Benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "ChainferenceKit", path: "../"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        .systemLibrary(
            name: "CLibsodium",
            pkgConfig: "libsodium",
            providers: [.apt(["libsodium-dev"]), .brew(["libsodium"])]
        ),
        // What the primitives cost when C calls them with nothing around.
        .target(name: "NoiseFloor", dependencies: ["CLibsodium"], cSettings: [.unsafeFlags(["-O3"])]),
        .executableTarget(
            name: "chainference-benchmarks",
            dependencies: [
                "NoiseFloor",
                .product(name: "Borsh", package: "ChainferenceKit"),
                .product(name: "ChainferenceKit", package: "ChainferenceKit"),
                .product(name: "LocalCluster", package: "ChainferenceKit"),
                .product(name: "Noise", package: "ChainferenceKit"),
                .product(name: "PeerChannel", package: "ChainferenceKit"),
                .product(name: "ProgramToolchain", package: "ChainferenceKit"),
                .product(name: "SodiumCrypto", package: "ChainferenceKit"),
                .product(name: "Solana", package: "ChainferenceKit"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        // Server and clients of the group "streams", each in a process of its own.
        .executableTarget(
            name: "peer-streams",
            dependencies: [
                .product(name: "PeerChannel", package: "ChainferenceKit"),
                .product(name: "SodiumCrypto", package: "ChainferenceKit"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets where target.type == .executable {
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ]
}
