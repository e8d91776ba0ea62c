/// A program that has been compiled, linked and verified.
public struct BuiltProgram: Sendable, Hashable {
    /// The file to deploy.
    public let image: ProgramImage
    /// What went into it.
    public let program: LinkedProgram
}
