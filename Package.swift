// swift-tools-version: 6.2

import PackageDescription

// The layers, lowest first, and what each may import are described in Documentation/architecture.md.
// A target's folder bears its topic: Sources/ChainferenceKit/<Topic>.

let kit = "Sources/ChainferenceKit"
let examples = "Sources/Examples"

// The peer channel's second suite needs ML-KEM from swift-crypto, which takes a minute or more to build: who wants it asks
// for the trait. CI turns it on with a variable, so that everything is tested in one build.
// https://github.com/swiftlang/swift-evolution/blob/main/proposals/0450-swiftpm-package-traits.md
let postQuantum = "PostQuantum"
let defaultTraits: Set<String> = Context.environment["CHAINFERENCE_POST_QUANTUM"] == nil ? [] : [postQuantum]

let package = Package(
    name: "ChainferenceKit",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "ChainferenceKit", targets: ["ChainferenceKit"]),
        .library(name: "ChainferenceTesting", targets: ["ChainferenceTesting"]),
        .library(name: "ProviderConfiguration", targets: ["ProviderConfiguration"]),
        .library(name: "ProviderMonitoring", targets: ["ProviderMonitoring"]),
        .library(name: "LocalCluster", targets: ["LocalCluster"]),
        .library(name: "Inference", targets: ["Inference"]),
        .library(name: "PeerChannel", targets: ["PeerChannel"]),
        .library(name: "Noise", targets: ["Noise"]),
        .library(name: "PeerRelay", targets: ["PeerRelay"]),
        .library(name: "InferenceMarket", targets: ["InferenceMarket"]),
        .library(name: "MarketProgram", targets: ["MarketProgram"]),
        .library(name: "SolanaRPC", targets: ["SolanaRPC"]),
        .library(name: "Solana", targets: ["Solana"]),
        .library(name: "Borsh", targets: ["Borsh"]),
        .library(name: "JSON", targets: ["JSON"]),
        .library(name: "CurlHTTP", targets: ["CurlHTTP"]),
        .library(name: "SodiumCrypto", targets: ["SodiumCrypto"]),
        .library(name: "ProgramToolchain", targets: ["ProgramToolchain"]),
        .executable(name: "chainference", targets: ["chainference"]),
        .executable(name: "build-program", targets: ["build-program"]),
        .executable(name: "market-idl", targets: ["market-idl"]),
        .executable(name: "chainference-localnet", targets: ["chainference-localnet"]),
        .executable(name: "chainference-provider", targets: ["chainference-provider"]),
        .executable(name: "chainference-relay", targets: ["chainference-relay"]),
        .executable(name: "chainference-client", targets: ["chainference-client"]),
        .executable(name: "chainference-demo", targets: ["chainference-demo"]),
        .executable(name: "custom-backend", targets: ["custom-backend"]),
    ],
    traits: [
        .trait(
            name: postQuantum,
            description: "The peer channel's suite 2: prompts stay closed to whoever records now and computes later."
        ),
        .default(enabledTraits: defaultTraits),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", from: "1.6.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        // MARK: System libraries
        .systemLibrary(
            name: "CSodium",
            path: "\(kit)/System/CSodium",
            pkgConfig: "libsodium",
            providers: [.apt(["libsodium-dev"]), .brew(["libsodium"])]
        ),
        .systemLibrary(
            name: "CCurl",
            path: "\(kit)/System/CCurl",
            pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]
        ),

        // MARK: Encodings, cryptography, chain
        .target(name: "Borsh", path: "\(kit)/Borsh"),
        .target(name: "JSON", path: "\(kit)/JSON"),
        .target(name: "SodiumCrypto", dependencies: ["CSodium"], path: "\(kit)/Crypto"),
        .target(name: "Solana", dependencies: ["Borsh", "JSON", "SodiumCrypto"], path: "\(kit)/Solana"),
        .target(name: "CurlHTTP", dependencies: ["CCurl"], path: "\(kit)/HTTP"),
        .target(
            name: "SolanaRPC",
            dependencies: [
                "Solana", "JSON", "CurlHTTP",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "\(kit)/SolanaRPC"
        ),

        // MARK: The market on the chain
        .target(name: "MarketProgram", path: "\(kit)/MarketProgram"),
        .target(
            name: "InferenceMarket",
            dependencies: ["Solana", "Borsh", "JSON", "SodiumCrypto", "MarketProgram"],
            path: "\(kit)/Market"
        ),
        .executableTarget(
            name: "market-idl",
            dependencies: [
                "InferenceMarket", "Solana",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "\(kit)/MarketIDL"
        ),
        .target(name: "ProgramToolchain", path: "\(kit)/ProgramToolchain"),
        .executableTarget(
            name: "build-program",
            dependencies: [
                "ProgramToolchain",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "\(kit)/BuildProgram"
        ),
        .target(
            name: "LocalCluster",
            dependencies: [
                "Solana", "JSON", "SodiumCrypto", "MarketProgram",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "\(kit)/LocalCluster"
        ),

        // MARK: Peers and models
        .target(name: "Noise", dependencies: ["SodiumCrypto"], path: "\(kit)/Noise"),
        .target(
            name: "PeerChannel",
            dependencies: [
                "Noise", "SodiumCrypto", "CurlHTTP",
                .product(name: "Crypto", package: "swift-crypto", condition: .when(traits: [postQuantum])),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "\(kit)/PeerChannel"
        ),
        .target(
            name: "PeerRelay",
            dependencies: [
                "PeerChannel", "SodiumCrypto",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "\(kit)/Relay"
        ),
        .target(
            name: "Inference",
            dependencies: [
                "CurlHTTP", "JSON",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system", condition: .when(platforms: [.linux])),
            ],
            path: "\(kit)/Inference"
        ),

        // MARK: The kit
        .target(
            name: "ChainferenceKit",
            dependencies: [
                "Borsh", "JSON", "SodiumCrypto", "Solana", "CurlHTTP", "SolanaRPC", "InferenceMarket", "PeerChannel",
                "Inference",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "\(kit)/Kit"
        ),

        .target(
            name: "ChainferenceTesting",
            dependencies: [
                "ChainferenceKit", "LocalCluster", "PeerChannel",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "\(kit)/Testing"
        ),
        .target(
            name: "ProviderConfiguration",
            dependencies: [
                "ChainferenceKit", "CurlHTTP", "Inference", "InferenceMarket", "PeerChannel", "ProviderMonitoring",
                "Solana", "SolanaRPC",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ],
            path: "\(kit)/ProviderConfiguration"
        ),
        .target(
            name: "ProviderMonitoring",
            dependencies: [
                "ChainferenceKit", "InferenceMarket",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "\(kit)/ProviderMonitoring"
        ),

        .target(
            name: "ChainferenceCommands",
            dependencies: [
                "ChainferenceKit", "CurlHTTP", "LocalCluster", "PeerChannel", "PeerRelay", "ProviderConfiguration",
                "SodiumCrypto",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "\(kit)/Commands"
        ),
        .executableTarget(name: "chainference", dependencies: ["ChainferenceCommands"], path: "\(kit)/CommandLine"),

        // MARK: Examples
        .executableTarget(
            name: "chainference-localnet",
            dependencies: [
                "ChainferenceCommands", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "\(examples)/chainference-localnet"
        ),
        .executableTarget(
            name: "chainference-provider",
            dependencies: [
                "ChainferenceKit", "ChainferenceCommands", "ProviderConfiguration",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "\(examples)/chainference-provider"
        ),
        .executableTarget(
            name: "chainference-relay",
            dependencies: [
                "ChainferenceCommands", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "\(examples)/chainference-relay"
        ),
        .executableTarget(
            name: "chainference-client",
            dependencies: [
                "ChainferenceKit", "ChainferenceCommands",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "\(examples)/chainference-client"
        ),
        .executableTarget(
            name: "custom-backend",
            dependencies: [
                "ChainferenceKit",
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "\(examples)/custom-backend"
        ),
        .executableTarget(
            name: "chainference-demo",
            dependencies: [
                "ChainferenceKit", "LocalCluster",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "\(examples)/chainference-demo"
        ),

        // MARK: Tests
        .testTarget(name: "JSONTests", dependencies: ["JSON"], exclude: ["generate.py"], resources: [.copy("Corpus")]),
        .testTarget(name: "BorshTests", dependencies: ["Borsh"], resources: [.copy("Golden")]),
        .testTarget(
            name: "SodiumCryptoTests",
            dependencies: ["SodiumCrypto"],
            exclude: ["forgeries.py"],
            resources: [.copy("Vectors")]
        ),
        .testTarget(
            name: "SolanaTests",
            dependencies: ["Solana", "Borsh", "JSON", "SodiumCrypto"],
            resources: [.copy("Golden")]
        ),
        .testTarget(name: "CurlHTTPTests", dependencies: ["CurlHTTP"]),
        // Time that passes when nobody has anything left to do, for tests.
        .target(name: "VirtualTime", path: "Tests/VirtualTime"),
        .testTarget(
            name: "SolanaRPCTests",
            dependencies: [
                "SolanaRPC", "JSON", "LocalCluster", "VirtualTime",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
            ],
            resources: [.copy("Golden")]
        ),
        .testTarget(name: "MarketProgramTests", dependencies: ["MarketProgram", "NativeMarket"]),
        // The program run natively, for its tests and for the comparison with the Solana VM in Tests/SVM.
        .target(
            name: "NativeMarket",
            dependencies: ["MarketProgram", "CSodium"],
            path: "Tests/SVM/native/NativeMarket"
        ),
        .executableTarget(
            name: "market-native",
            dependencies: ["NativeMarket"],
            path: "Tests/SVM/native/market-native"
        ),
        .testTarget(
            name: "InferenceMarketTests",
            dependencies: ["InferenceMarket", "MarketProgram", "SodiumCrypto", "Solana"],
            resources: [.copy("Golden")]
        ),
        .testTarget(name: "ProgramToolchainTests", dependencies: ["ProgramToolchain"]),
        .testTarget(
            name: "LocalClusterTests",
            dependencies: [
                "LocalCluster", "JSON", "InferenceMarket", "CurlHTTP", "MarketProgram", "Solana", "SodiumCrypto",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
            ],
            resources: [.copy("Golden")]
        ),
        .testTarget(name: "NoiseTests", dependencies: ["Noise", "SodiumCrypto"], resources: [.copy("Vectors")]),
        .testTarget(
            name: "PeerChannelTests",
            dependencies: [
                "PeerChannel", "Noise", "SodiumCrypto", "VirtualTime",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            resources: [.copy("Vectors")]
        ),
        .testTarget(
            name: "RelayTests",
            dependencies: [
                "PeerRelay", "PeerChannel", "SodiumCrypto", "CurlHTTP",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        // A million inputs for every decoder, whichever module it belongs to.
        .testTarget(
            name: "DecoderFuzzTests",
            dependencies: [
                "Borsh", "ChainferenceKit", "CurlHTTP", "Inference", "InferenceMarket", "JSON", "LocalCluster",
                "PeerChannel", "ProviderConfiguration", "SodiumCrypto", "Solana", "SolanaRPC",
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ]
        ),
        .testTarget(name: "InferenceTests", dependencies: ["Inference"]),
        .testTarget(
            name: "ProviderConfigurationTests",
            dependencies: [
                "ProviderConfiguration", "ChainferenceKit", "ChainferenceTesting", "Inference", "InferenceMarket",
                "SodiumCrypto", "Solana", "SolanaRPC",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(
            name: "ProviderMonitoringTests",
            dependencies: [
                "ProviderMonitoring", "ChainferenceKit", "ChainferenceTesting", "CurlHTTP", "LocalCluster",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        // A client that its tests start and kill.
        .executableTarget(name: "crash-client", dependencies: ["ChainferenceKit"], path: "Tests/CrashClient"),
        .testTarget(
            name: "ChainferenceKitTests",
            dependencies: [
                "crash-client",
                "ChainferenceKit", "ChainferenceTesting", "Inference", "InferenceMarket", "LocalCluster",
                "MarketProgram",
                "chainference-provider", "PeerChannel", "SodiumCrypto", "Solana", "SolanaRPC",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            resources: [.copy("Golden")]
        ),
        .testTarget(name: "ChainferenceTestingTests", dependencies: ["ChainferenceTesting"]),
    ],
    swiftLanguageModes: [.v6]
)

// The one place for compiler settings.
for target in package.targets where target.type != .system {
    var settings: [SwiftSetting] = target.swiftSettings ?? []
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
    settings.append(.enableUpcomingFeature("ExistentialAny"))
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0409-access-level-on-imports.md
    settings.append(.enableUpcomingFeature("InternalImportsByDefault"))
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0444-member-import-visibility.md
    settings.append(.enableUpcomingFeature("MemberImportVisibility"))
    // CI sets this; a build by a user of the package never fails because a newer compiler warns.
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0480-swiftpm-warning-control.md
    if Context.environment["CHAINFERENCE_WARNINGS_AS_ERRORS"] != nil {
        settings.append(.treatAllWarnings(as: .error))
    }
    target.swiftSettings = settings
}
