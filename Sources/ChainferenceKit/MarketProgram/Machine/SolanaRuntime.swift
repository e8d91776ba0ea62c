#if hasFeature(Embedded)
    // The chain: this file is compiled by ProgramToolchain only.

    @_extern(c, "sol_get_sysvar")
    private func getSysvar(
        _ address: UnsafeRawPointer,
        _ destination: UnsafeMutableRawPointer,
        _ offset: UInt64,
        _ count: UInt64
    ) -> UInt64
    @_extern(c, "sol_get_rent_sysvar")
    private func getRentSysvar(_ destination: UnsafeMutableRawPointer) -> UInt64
    @_extern(c, "sol_sha256")
    private func sha256Slices(
        _ slices: UnsafeRawPointer,
        _ count: UInt64,
        _ digest: UnsafeMutableRawPointer
    ) -> UInt64
    @_extern(c, "sol_try_find_program_address")
    private func tryFindProgramAddress(
        _ seeds: UnsafeRawPointer,
        _ count: UInt64,
        _ program: UnsafeRawPointer,
        _ address: UnsafeMutableRawPointer,
        _ bump: UnsafeMutableRawPointer
    ) -> UInt64
    @_extern(c, "sol_invoke_signed_c")
    private func invokeSigned(
        _ instruction: UnsafeRawPointer,
        _ accounts: UnsafeRawPointer,
        _ accountCount: UInt64,
        _ signers: UnsafeRawPointer,
        _ signerCount: UInt64
    ) -> UInt64
    @_extern(c, "sol_log_data")
    private func logSlices(_ slices: UnsafeRawPointer, _ count: UInt64) -> UInt64

    /// The Solana VM.
    struct SolanaRuntime: Runtime {
        /// The program's own scratch memory, and behind it what the calls of this file need; on the stack, because the VM
        /// reaches its frame with one instruction and the heap with two.
        let scratch: UnsafeMutableRawPointer

        fileprivate enum Scratch {
            static let slices = MarketProgram.scratchSize
            static let instruction = MarketProgram.scratchSize + 16
            static let metas = MarketProgram.scratchSize + 56
            static let infos = MarketProgram.scratchSize + 88
            static let data = MarketProgram.scratchSize + 200
            static let signer = MarketProgram.scratchSize + 256
            static let systemProgram = MarketProgram.scratchSize + 272
            static let size = MarketProgram.scratchSize + 304
        }

        @inline(never)
        func readClock(into destination: UnsafeMutableRawPointer) -> UInt64 {
            // `SysvarC1ock11111111111111111111111111111111`. Reading a sysvar by its address costs 110 units whatever its
            // length, the call made for the clock 140.
            destination.setWord(0, 0xc974_c718_17d5_a706)
            destination.setWord(8, 0xb65e_1d69_9863_5628)
            destination.setWord(16, 0x5c6d_4b9b_a3b8_5e8b)
            destination.setWord(24, 0x0000_0000_215b_5573)
            return getSysvar(destination, destination, 0, 40)
        }

        @inline(__always)
        func readRent(into destination: UnsafeMutableRawPointer) -> UInt64 { getRentSysvar(destination) }

        @inline(__always)
        func sha256(_ parts: UnsafePointer<Seed>, count: Int, into digest: UnsafeMutableRawPointer) -> UInt64 {
            sha256Slices(parts, UInt64(truncatingIfNeeded: count), digest)
        }

        @inline(__always)
        func findProgramAddress(
            seeds: UnsafePointer<Seed>,
            seedCount: Int,
            program: UnsafeRawPointer,
            into result: UnsafeMutableRawPointer
        ) -> UInt64 {
            tryFindProgramAddress(seeds, UInt64(truncatingIfNeeded: seedCount), program, result, result + 32)
        }

        @inline(__always)
        func createAccount(_ accounts: FundedPair, _ creation: AccountCreation) -> UInt64 {
            let data = scratch + Scratch.data
            data.setU32(0, 13)
            data.setWord(4, creation.lamports)
            data.setWord(12, creation.space)
            copyKey(from: UnsafeMutableRawPointer(mutating: creation.program), to: data + 20)
            let signer = scratch + Scratch.signer
            signer.setWord(0, address(of: creation.seeds))
            signer.setWord(8, UInt64(truncatingIfNeeded: creation.seedCount))
            // Both sign: the new account by its seeds.
            return callSystem(accounts.receiver, accounts.payer, dataLength: 52, signerCount: 1)
        }

        @inline(__always)
        func transfer(_ lamports: UInt64, _ accounts: FundedPair) -> UInt64 {
            let data = scratch + Scratch.data
            data.setU32(0, 2)
            data.setWord(4, lamports)
            return callSystem(accounts.payer, accounts.receiver, dataLength: 12, signerCount: 0)
        }

        @inline(__always)
        func logData(_ bytes: UnsafeRawPointer, count: Int) {
            _ = logSlices(slice(bytes, count), 1)
        }

        // MARK: Calls

        @inline(__always)
        private func address(of pointer: UnsafeRawPointer) -> UInt64 { UInt64(UInt(bitPattern: pointer)) }

        /// A (pointer, length) pair in memory.
        @inline(__always)
        private func slice(_ bytes: UnsafeRawPointer, _ count: Int) -> UnsafeRawPointer {
            let slices = scratch + Scratch.slices
            slices.setWord(0, address(of: bytes))
            slices.setWord(8, UInt64(truncatingIfNeeded: count))
            return UnsafeRawPointer(slices)
        }

        /// Calls the system program with two writable accounts, the first of which signs.
        ///
        /// The second signs as well when there are seeds: then it is the payer.
        @inline(never)
        private func callSystem(
            _ first: UnsafeMutableRawPointer,
            _ second: UnsafeMutableRawPointer,
            dataLength: UInt64,
            signerCount: UInt64
        ) -> UInt64 {
            // The system program's address is zero.
            clearKey(scratch + Scratch.systemProgram)
            let instruction = scratch + Scratch.instruction
            instruction.setWord(0, address(of: scratch + Scratch.systemProgram))
            instruction.setWord(8, address(of: scratch + Scratch.metas))
            instruction.setWord(16, 2)
            instruction.setWord(24, address(of: scratch + Scratch.data))
            instruction.setWord(32, dataLength)
            let metas = scratch + Scratch.metas
            // u8 writable, u8 signer.
            metas.setWord(0, address(of: first + AccountHeader.key))
            metas.setWord(8, 0x0101)
            metas.setWord(16, address(of: second + AccountHeader.key))
            metas.setWord(24, signerCount == 0 ? 0x0001 : 0x0101)
            describe(first, at: scratch + Scratch.infos)
            describe(second, at: scratch + (Scratch.infos + 56))
            return invokeSigned(
                instruction,
                scratch + Scratch.infos,
                2,
                scratch + Scratch.signer,
                signerCount
            )
        }

        /// Writes the 56 bytes of `SolAccountInfo`.
        @inline(__always)
        private func describe(_ account: UnsafeMutableRawPointer, at info: UnsafeMutableRawPointer) {
            info.setWord(0, address(of: account + AccountHeader.key))
            info.setWord(8, address(of: account + AccountHeader.lamports))
            info.setWord(16, account.word(AccountHeader.dataLength))
            info.setWord(24, address(of: account + AccountHeader.data))
            info.setWord(32, address(of: account + AccountHeader.owner))
            info.setWord(40, 0)
            // u8 signer, u8 writable, u8 executable, as the header has them behind its first byte.
            info.setWord(48, (account.word(0) >> 8) & 0x00ff_ffff)
        }
    }

    /// Where the VM starts the program.
    @c(entrypoint)
    public func entrypoint(_ input: UnsafeMutableRawPointer, _ instruction: UnsafeMutableRawPointer) -> UInt64 {
        withUnsafeTemporaryAllocation(byteCount: SolanaRuntime.Scratch.size, alignment: 8) { memory in
            MarketProgram.process(
                input: input,
                instruction: instruction,
                runtime: SolanaRuntime(scratch: memory.baseAddress.unsafelyUnwrapped)
            )
        }
    }
#endif
