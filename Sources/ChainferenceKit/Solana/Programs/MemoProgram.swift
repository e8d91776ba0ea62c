/// The program that writes a text into the log.
public enum MemoProgram {
    /// The program's id (version 3 of the source, the one in use).
    public static let id = Address(literal: "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")

    /// Logs a text; the signers' addresses are logged beside it.
    ///
    /// | # | account | |
    /// |---|---|---|
    /// | 0… | signers | sign |
    public static func memo(_ text: String, signers: [Address] = []) -> Instruction {
        Instruction(program: id, accounts: signers.map { .readonlySigner($0) }, data: Array(text.utf8))
    }
}
