import MarketProgram
import SodiumCrypto
import Solana

/// Runs the market program natively, over the same bytes that a validator would hand to its SBF build.
enum MarketProcessor {
    static func run(in context: inout TransactionContext) throws(InstructionError) {
        let before = context.unitsRemaining
        let program = context.frame.program
        let machine = MarketMachine(context)
        let result: Result<Void, InstructionError>
        do throws(InstructionError) {
            try machine.run()
            result = .success(())
        } catch {
            result = .failure(error)
        }
        context = machine.context
        // A validator meters every instruction of the SBF build. Here the units are estimated from what the program
        // asked of the runtime.
        let used = before - context.unitsRemaining
        context.logs.append("Program \(program) consumed \(used) of \(before) compute units")
        try result.get()
    }
}

/// The market program's machine: its syscalls, done on the accounts of a running transaction.
///
/// A class because the program sees the machine as a value that it cannot change; it never leaves the thread that
/// runs the transaction.
private final class MarketMachine: Runtime {
    var context: TransactionContext
    private var region: InputRegion
    private let memory = UnsafeMutableRawPointer.allocate(byteCount: MarketProgram.scratchSize, alignment: 8)
    private var failure: InstructionError?

    init(_ context: TransactionContext) {
        self.context = context
        region = InputRegion(of: context)
    }

    deinit {
        memory.deallocate()
    }

    func run() throws(InstructionError) {
        try context.consume(100 + 20 * UInt64(context.frame.accounts.count))
        let status = MarketProgram.process(
            input: region.base,
            instruction: region.instruction,
            runtime: self
        )
        // A validator aborts the caller when something that it invoked fails, whatever the caller returns.
        if let failure { throw failure }
        if let error = InstructionError(programReturnValue: status) { throw error }
        try region.commit(to: &context)
    }

    // MARK: Runtime

    var scratch: UnsafeMutableRawPointer { memory }

    func readClock(into destination: UnsafeMutableRawPointer) -> UInt64 {
        syscall(110) {
            let bytes = context.environment.clock.bytes
            destination.copyMemory(from: bytes, byteCount: bytes.count)
        }
    }

    func readRent(into destination: UnsafeMutableRawPointer) -> UInt64 {
        syscall(117) {
            let bytes = context.environment.rent.accountData
            destination.copyMemory(from: bytes, byteCount: bytes.count)
        }
    }

    func sha256(_ parts: UnsafePointer<Seed>, count: Int, into digest: UnsafeMutableRawPointer) -> UInt64 {
        let parts = UnsafeBufferPointer(start: parts, count: count)
        return syscall(parts.reduce(85) { $0 + max(10, $1.count / 2) }) {
            var hash = SHA256()
            for part in parts { hash.update(bufferPointer: part.bytes) }
            hash.finalize(into: UnsafeMutableRawBufferPointer(start: digest, count: SHA256.byteCount))
        }
    }

    func findProgramAddress(
        seeds: UnsafePointer<Seed>,
        seedCount: Int,
        program: UnsafeRawPointer,
        into result: UnsafeMutableRawPointer
    ) -> UInt64 {
        let list = (0..<seedCount).map { Array(seeds[$0].bytes) }
        guard let found = try? Address.findProgramAddress(seeds: list, program: Address(at: program)) else {
            return BuiltinError.invalidSeeds
        }
        return syscall(1_500 * (256 - UInt64(found.bump))) {
            found.address.withUnsafeBytes { result.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
            result.storeBytes(of: found.bump, toByteOffset: Address.byteCount, as: UInt8.self)
        }
    }

    func createAccount(_ accounts: FundedPair, _ creation: AccountCreation) -> UInt64 {
        let seeds = (0..<creation.seedCount).map { Array(creation.seeds[$0].bytes) }
        let program = Address(at: creation.program)
        var data: [UInt8] = []
        data.append(little: UInt32(13))
        data.append(little: creation.lamports)
        data.append(little: creation.space)
        data.append(contentsOf: program.bytes)
        return invoke(accounts, receiverSigns: seeds, data)
    }

    func transfer(_ lamports: UInt64, _ accounts: FundedPair) -> UInt64 {
        var data: [UInt8] = []
        data.append(little: UInt32(2))
        data.append(little: lamports)
        return invoke(accounts, receiverSigns: nil, data)
    }

    func logData(_ bytes: UnsafeRawPointer, count: Int) {
        _ = syscall(200 + UInt64(count)) {
            let data = [UInt8](UnsafeRawBufferPointer(start: bytes, count: count))
            context.logs.append("Program data: \(Base64.encode(data))")
        }
    }

    // MARK: Cross-program invocation

    /// Calls the system program with the receiver first when it signs by seeds, else with the payer first.
    private func invoke(_ accounts: FundedPair, receiverSigns seeds: [[UInt8]]?, _ data: [UInt8]) -> UInt64 {
        attempt { () throws(InstructionError) in
            try context.consume(1_000)
            let receiver = try region.account(at: accounts.receiver)
            let payer = try region.account(at: accounts.payer)
            var derived: Address?
            if let seeds {
                let program = context.frame.program
                guard let address = try? Address.createProgramAddress(seeds: seeds, program: program) else {
                    throw .invalidSeeds
                }
                derived = address
            }
            try region.commit(to: &context)
            let paying = InvokedAccount(account: payer, isSigner: true, isWritable: true)
            let receiving = InvokedAccount(account: receiver, isSigner: seeds != nil, isWritable: true)
            try context.invokeSystem(
                data,
                seeds == nil ? [paying, receiving] : [receiving, paying],
                derivedSigner: derived
            )
            try region.reload(from: context)
        }
    }

    private func syscall(_ units: UInt64, _ body: () -> Void) -> UInt64 {
        attempt { () throws(InstructionError) in
            try context.consume(units)
            body()
        }
    }

    /// Notes a failure, because a validator would stop the program on the spot.
    private func attempt(_ body: () throws(InstructionError) -> Void) -> UInt64 {
        do throws(InstructionError) {
            if let failure { throw failure }
            try body()
            return 0
        } catch {
            failure = error
            return BuiltinError.invalidArgument
        }
    }
}
