/// The system calls that a program may use.
///
/// The loader does not check the calls of a version 3 program when it is deployed: an unknown one deploys and then stops
/// the program in the middle of a transaction. So the linker checks them against this table.
public struct SyscallTable: Sendable {
    /// Whether a cluster with mainnet's features knows a call.
    public enum Status: Sendable, Hashable {
        /// Registered on mainnet.
        case active
        /// In the validator's source, but behind a feature that mainnet has not activated; calling it stops the program.
        case inactive
        /// Registered only for programs that were deployed long ago; the loader refuses it in a new one.
        case forbidden
    }

    /// The status of every known call by name.
    public let statuses: [String: Status]
    private let namesByHash: [UInt32: String]

    /// Makes a table, for example for a cluster with other features than mainnet's.
    public init(statuses: [String: Status]) {
        self.statuses = statuses
        var names: [UInt32: String] = [:]
        for name in statuses.keys { names[Self.hash(name)] = name }
        namesByHash = names
    }

    /// What is known of the call `name`; `nil` if the validator has no such call.
    public func status(of name: String) -> Status? { statuses[name] }

    /// The name of the call whose hash is `hash`.
    public func name(forHash hash: UInt32) -> String? { namesByHash[hash] }

    /// A table in which every inactive call counts as active, for test clusters that have all features on.
    public var withAllFeatures: SyscallTable {
        SyscallTable(statuses: statuses.mapValues { $0 == .inactive ? .active : $0 })
    }

    /// The number by which bytecode calls `name`.
    public static func hash(_ name: String) -> UInt32 { Murmur3.hash(name.utf8) }

    /// Mainnet's calls, as registered by Agave 4.1 with the features of July 2026.
    ///
    /// `Tests/SVM/test_toolchain.py` deploys one program per call into a virtual machine with mainnet's features and
    /// compares the outcome with this table.
    public static let mainnet = SyscallTable(statuses: [
        "abort": .active,
        "sol_panic_": .active,
        "sol_log_": .active,
        "sol_log_64_": .active,
        "sol_log_pubkey": .active,
        "sol_log_compute_units_": .active,
        "sol_log_data": .active,
        "sol_create_program_address": .active,
        "sol_try_find_program_address": .active,
        "sol_sha256": .active,
        "sol_keccak256": .active,
        "sol_blake3": .inactive,
        "sol_secp256k1_recover": .active,
        "sol_poseidon": .active,
        "sol_curve_validate_point": .active,
        "sol_curve_group_op": .active,
        "sol_curve_multiscalar_mul": .active,
        "sol_curve_decompress": .active,
        "sol_curve_pairing_map": .active,
        "sol_alt_bn128_group_op": .active,
        "sol_alt_bn128_compression": .active,
        "sol_big_mod_exp": .inactive,
        "sol_get_clock_sysvar": .active,
        "sol_get_epoch_schedule_sysvar": .active,
        "sol_get_rent_sysvar": .active,
        "sol_get_fees_sysvar": .forbidden,
        "sol_get_last_restart_slot": .active,
        "sol_get_epoch_rewards_sysvar": .active,
        "sol_get_sysvar": .active,
        "sol_get_epoch_stake": .active,
        "sol_memcpy_": .active,
        "sol_memmove_": .active,
        "sol_memset_": .active,
        "sol_memcmp_": .active,
        "sol_get_processed_sibling_instruction": .active,
        "sol_get_stack_height": .active,
        "sol_set_return_data": .active,
        "sol_get_return_data": .active,
        "sol_invoke_signed_c": .active,
        "sol_invoke_signed_rust": .active,
        "sol_remaining_compute_units": .inactive,
        "sol_alloc_free_": .forbidden,
    ])
}
