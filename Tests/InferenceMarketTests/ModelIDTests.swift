import InferenceMarket
import Testing

@Suite("Model ids")
struct ModelIDTests {
    @Test("The hash is SHA-256 of the exact spelling")
    func hash() {
        let model: ModelID = "meta-llama/Llama-3.1-8B-Instruct"
        // printf meta-llama/Llama-3.1-8B-Instruct | sha256sum
        #expect("\(model.hash)" == "08a20b291e447c957dd242b190bd2157b260e438d7ebe278fd953e891012d983")
        let other: ModelID = "Meta-llama/Llama-3.1-8B-Instruct"
        #expect(model.hash != other.hash && model != other)
    }

    @Test(
        "Empty, too long, invisible and foreign characters are refused with their place",
        arguments: [
            ("", InvalidModelID.empty),
            (String(repeating: "a", count: ModelID.maximumLength + 1), .tooLong(bytes: ModelID.maximumLength + 1)),
            ("org/mo del", .notVisibleASCII(offset: 6)),
            ("org/\u{1B}[31m", .notVisibleASCII(offset: 4)),
            ("modèle", .notVisibleASCII(offset: 3)),
        ]
    )
    func invalid(name: String, error: InvalidModelID) {
        #expect(throws: error) { try ModelID(validating: name) }
        #expect(!"\(error)".isEmpty)
    }

    @Test("The longest id is taken")
    func longest() throws {
        let name = String(repeating: "a", count: ModelID.maximumLength)
        #expect(try ModelID(validating: name).name == name)
    }
}
