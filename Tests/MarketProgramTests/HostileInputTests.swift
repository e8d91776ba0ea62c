import MarketProgram
import NativeMarket
import Testing

/// The program must never trap natively, whatever it is given: a trap would end the whole cluster's process.
@Suite("Hostile input")
struct HostileInputTests {
    private struct Seeded: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            // SplitMix64.
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
    }

    private static let instructions: [UInt64] = [
        InstructionDiscriminator.initializeMarket, InstructionDiscriminator.updateMarket,
        InstructionDiscriminator.acceptMarket, InstructionDiscriminator.addServer,
        InstructionDiscriminator.updateServer, InstructionDiscriminator.setListing,
        InstructionDiscriminator.removeListing, InstructionDiscriminator.heartbeat,
        InstructionDiscriminator.closeServer, InstructionDiscriminator.requestInference,
        InstructionDiscriminator.cancelRequest, InstructionDiscriminator.lockRequest,
        InstructionDiscriminator.releaseRequest, InstructionDiscriminator.beginClose,
        InstructionDiscriminator.claimPayment, InstructionDiscriminator.collectFees,
        InstructionDiscriminator.expireRequest, InstructionDiscriminator.flagResponse,
        InstructionDiscriminator.compareResponses, InstructionDiscriminator.closeRequest,
    ]

    @Test("Random arguments and accounts of other programs are refused", arguments: instructions)
    func random(discriminator: UInt64) {
        var generator = Seeded(state: discriminator)
        for _ in 0..<300 {
            let length = Int.random(in: 0...300, using: &generator)
            let data = bytes(discriminator) + (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let count = Int.random(in: 0...9, using: &generator)
            let places = (0..<count).map { place -> AccountPlace in
                if place > 0, Int.random(in: 0..<9, using: &generator) == 0 {
                    return .repeats(UInt8.random(in: 0..<UInt8(place), using: &generator))
                }
                return .account(account(&generator))
            }
            let outcome = NativeMarket.run(
                data,
                on: places,
                program: NativeLedger.program,
                clock: (0..<40).map { _ in UInt8.random(in: 0...255, using: &generator) },
                rent: (0..<17).map { _ in UInt8.random(in: 0...255, using: &generator) }
            )
            #expect(outcome.result != 0)
        }
    }

    private func account(_ generator: inout Seeded) -> NativeAccount {
        let length = Int.random(in: 0...400, using: &generator)
        return NativeAccount(
            key: (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) },
            owner: (0..<32).map { _ in UInt8.random(in: 1...255, using: &generator) },
            lamports: UInt64.random(in: 0...UInt64.max / 16, using: &generator),
            data: (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) },
            isSigner: Bool.random(using: &generator),
            isWritable: Bool.random(using: &generator),
            isExecutable: Bool.random(using: &generator)
        )
    }

    @Test("Data shorter than a discriminator, and unknown instructions")
    func unknown() {
        func run(_ data: [UInt8]) -> UInt64 {
            NativeMarket.run(
                data,
                on: [],
                program: NativeLedger.program,
                clock: [UInt8](repeating: 0, count: 40),
                rent: [UInt8](repeating: 0, count: 17)
            ).result
        }
        for length in 0..<8 {
            #expect(run([UInt8](repeating: 1, count: length)) == UInt64(ErrorCode.instructionMissing.rawValue))
        }
        #expect(run(bytes(0)) == UInt64(ErrorCode.instructionFallbackNotFound.rawValue))
        #expect(run(bytes(.max) + [1, 2, 3]) == UInt64(ErrorCode.instructionFallbackNotFound.rawValue))
        for discriminator in Self.instructions {
            let result = run(bytes(discriminator))
            let expected = [ErrorCode.accountNotEnoughKeys, .instructionDidNotDeserialize].map { UInt64($0.rawValue) }
            #expect(expected.contains(result))
        }
    }

    @Test("Every error code is Anchor's or above 6000, and no two are the same")
    func codes() {
        let anchors: Set<UInt32> = [
            100, 101, 102, 2_000, 2_005, 2_006, 2_012, 3_000, 3_001, 3_002, 3_003, 3_005, 3_007, 3_008, 3_010,
        ]
        for code in ErrorCode.allCases {
            #expect(code.rawValue >= 6_000 || anchors.contains(code.rawValue))
        }
        #expect(Set(ErrorCode.allCases.map(\.rawValue)).count == ErrorCode.allCases.count)
    }
}
