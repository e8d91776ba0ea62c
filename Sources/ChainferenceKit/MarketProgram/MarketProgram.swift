/// The market program: stakes, metered payment and reputation for inference, decided by state transitions over account
/// bytes.
///
/// Unaudited. The byte-level specification is `Documentation/market-program.md`.
public enum MarketProgram {
    /// How many bytes of ``Runtime/scratch`` the program uses at most.
    public static let scratchSize = 512

    /// Runs one instruction.
    ///
    /// - Parameters:
    ///   - input: The loader's input region (see ``AccountHeader``), 8-byte aligned. Accounts are changed in place; on
    ///     a result other than 0 the caller must discard the changes.
    ///   - instruction: The instruction's data inside that region: 8 bytes before it stands its length, right behind it
    ///     the program's address.
    ///   - runtime: The machine.
    /// - Returns: 0, an ``ErrorCode``, or what a failed ``Runtime`` requirement returned.
    @inline(__always)
    public static func process<Machine: Runtime>(
        input: UnsafeMutableRawPointer,
        instruction: UnsafeMutableRawPointer,
        runtime: Machine
    ) -> UInt64 {
        let call = Invocation(input: input, arguments: instruction, machine: runtime)
        do throws(Refusal) {
            try dispatch(call)
            return 0
        } catch {
            return error.result
        }
    }

    /// The life of a request.
    ///
    /// The compiler compares one discriminator after the other, so only these come first.
    @inline(__always)
    private static func dispatch<Machine: Runtime>(_ call: Invocation<Machine>) throws(Refusal) {
        try require(call.argumentsLength >= 8, else: .instructionMissing)
        switch call.arguments.word(0) {
        case InstructionDiscriminator.requestInference: try RequestInference.execute(call)
        case InstructionDiscriminator.cancelRequest: try CancelRequest.execute(call)
        case InstructionDiscriminator.lockRequest: try LockRequest.execute(call)
        case InstructionDiscriminator.releaseRequest: try ReleaseRequest.execute(call)
        case InstructionDiscriminator.beginClose: try BeginClose.execute(call)
        case InstructionDiscriminator.claimPayment: try ClaimPayment.execute(call)
        case InstructionDiscriminator.expireRequest: try ExpireRequest.execute(call)
        case InstructionDiscriminator.closeRequest: try CloseRequest.execute(call)
        default: try requireSuccess(processRare(call))
        }
    }

    /// What happens less often, out of the way of the rest.
    @inline(never)
    private static func processRare<Machine: Runtime>(_ call: Invocation<Machine>) -> UInt64 {
        do throws(Refusal) {
            switch call.arguments.word(0) {
            case InstructionDiscriminator.flagResponse: try FlagResponse.execute(call)
            case InstructionDiscriminator.compareResponses: try CompareResponses.execute(call)
            case InstructionDiscriminator.heartbeat: try Heartbeat.execute(call)
            case InstructionDiscriminator.addServer: try AddServer.execute(call)
            case InstructionDiscriminator.updateServer: try UpdateServer.execute(call)
            case InstructionDiscriminator.setListing: try SetListing.execute(call)
            case InstructionDiscriminator.removeListing: try RemoveListing.execute(call)
            case InstructionDiscriminator.closeServer: try CloseServer.execute(call)
            case InstructionDiscriminator.collectFees: try CollectFees.execute(call)
            case InstructionDiscriminator.initializeMarket: try InitializeMarket.execute(call)
            case InstructionDiscriminator.updateMarket: try UpdateMarket.execute(call)
            case InstructionDiscriminator.acceptMarket: try AcceptMarket.execute(call)
            default: throw Refusal(.instructionFallbackNotFound)
            }
            return 0
        } catch {
            return error.result
        }
    }
}
