/// What a reader of the guide to `SolanaRPC` has: the errors of a program of their own.
enum MyProgramError: UInt32, Error {
    case notYours = 6000
}
