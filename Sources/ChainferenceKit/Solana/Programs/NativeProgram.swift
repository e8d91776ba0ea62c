/// Ids of programs that are part of every cluster and have no instruction builders here.
public enum NativeProgram {
    /// The owner of all built-in programs.
    public static let nativeLoader = Address(literal: "NativeLoader1111111111111111111111111111111")

    /// The loader of upgradeable programs.
    public static let upgradeableLoader = Address(literal: "BPFLoaderUpgradeab1e11111111111111111111111")

    /// The loader of programs that cannot be changed.
    public static let loaderV2 = Address(literal: "BPFLoader2111111111111111111111111111111111")

    /// The program that checks secp256k1 signatures.
    public static let secp256k1 = Address(literal: "KeccakSecp256k11111111111111111111111111111")

    /// The program that checks secp256r1 signatures.
    public static let secp256r1 = Address(literal: "Secp256r1SigVerify1111111111111111111111111")

    /// The program of validators' votes.
    public static let vote = Address(literal: "Vote111111111111111111111111111111111111111")

    /// The program of stakes.
    public static let stake = Address(literal: "Stake11111111111111111111111111111111111111")

    /// The program of configuration accounts.
    public static let config = Address(literal: "Config1111111111111111111111111111111111111")
}
