import Foundation
import SodiumCrypto
import Solana
import Testing

@Suite("Keys and key files")
struct KeypairTests {
    /// A folder of the test's own, gone with it.
    private final class Folder {
        let path: String

        init() throws {
            path = NSTemporaryDirectory() + "keys-" + UUID().uuidString
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func file(_ name: String, _ text: String) throws -> String {
            let path = path + "/" + name
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            return path
        }
    }

    @Test("addresses, signatures and key files are solders'")
    func golden() throws {
        let folder = try Folder()
        let cases = try Golden.load([[String]].self, "keypairs")
        #expect(cases.count == 300)
        for (index, item) in cases.enumerated() {
            let keypair = try Keypair(contentsOf: folder.file("\(index).json", item[0]))
            #expect(keypair.address.base58 == item[1])
            let message = Array(try #require(Data(base64Encoded: item[2])))
            let signature = keypair.sign(message)
            #expect(signature.base58 == item[3])
            #expect(signature.verify(message, by: keypair.address))
            #expect(!signature.verify(message + [0], by: keypair.address))
            let copy = folder.path + "/copy-\(index).json"
            try keypair.write(to: copy)
            // The same numbers; Python's writer adds spaces.
            let written = try String(contentsOfFile: copy, encoding: .utf8)
            #expect(written == item[0].filter { $0 != " " })
        }
    }

    @Test("random keys differ, and sign for their address")
    func random() {
        let (first, second) = (Keypair(), Keypair())
        #expect(first.address != second.address)
        #expect(first.sign([1]).verify([1], by: first.address))
        #expect(!first.sign([1]).verify([1], by: second.address))
    }

    @Test("a public half that is not the seed's is refused")
    func mismatch() throws {
        var bytes = Keypair().secretKey.withUnsafeBytes { Array($0) }
        #expect(try Keypair(secretKey: bytes).secretKey.withUnsafeBytes { Array($0) } == bytes)
        for place in [0, 31, 32, 63] {
            bytes[place] ^= 1
            #expect(throws: KeypairError.mismatchedPublicKey) { try Keypair(secretKey: bytes) }
            bytes[place] ^= 1
        }
        bytes[63] ^= 1
        let folder = try Folder()
        let path = try folder.file("id.json", "\(bytes)")
        #expect(throws: KeypairError.mismatchedPublicKey) { try Keypair(contentsOf: path) }
    }

    @Test("wrong sizes are refused", arguments: [0, 31, 32, 33, 63, 65, 128])
    func wrongSizes(count: Int) throws {
        let bytes = [UInt8](repeating: 1, count: count)
        #expect(throws: KeypairError.wrongSecretKeyByteCount(count)) { try Keypair(secretKey: bytes) }
        if count != 32 {
            #expect(throws: KeypairError.wrongSeedByteCount(count)) { try Keypair(seed: bytes) }
        }
        let folder = try Folder()
        let path = try folder.file("id.json", "\(bytes)")
        #expect(throws: KeypairError.wrongSecretKeyByteCount(count)) { try Keypair(contentsOf: path) }
    }

    @Test(
        "a file that is no array of bytes is refused, with the place",
        arguments: [
            ("", 0), ("{}", 0), ("[", 1), ("[1", 2), ("[1,]", 3), ("[,1]", 1), ("[256]", 3), ("[-1]", 1), ("[1.5]", 2),
            ("[01]", 2), ("[00]", 2), ("[1e1]", 2), ("[1 2]", 3), ("[1]]", 3), ("[1] x", 4), ("[[1]]", 1),
            ("[\"1\"]", 1),
            ("[true]", 1), ("\u{FEFF}[1]", 0), ("[1],", 3), ("[99999999999999999999999]", 3),
        ]
    )
    func malformed(text: String, position: Int) throws {
        let folder = try Folder()
        let path = try folder.file("id.json", text)
        #expect(throws: KeypairError.malformedFile(path: path, position: position)) { try Keypair(contentsOf: path) }
    }

    @Test("white space where JSON allows it is fine")
    func whiteSpace() throws {
        let folder = try Folder()
        let keypair = Keypair()
        let numbers = keypair.secretKey.withUnsafeBytes { $0.map(String.init) }
        let path = try folder.file("id.json", " \n[ " + numbers.joined(separator: " ,\r\n\t") + " ]\n")
        #expect(try Keypair(contentsOf: path).address == keypair.address)
    }

    @Test("a huge file, a folder and a missing file are typed errors")
    func unreadable() throws {
        let folder = try Folder()
        let huge = try folder.file("huge.json", "[" + String(repeating: "1,", count: 100_000) + "1]")
        #expect(throws: KeypairError.malformedFile(path: huge, position: 4_096)) { try Keypair(contentsOf: huge) }
        let missing = folder.path + "/missing.json"
        #expect(throws: KeypairError.fileSystem(operation: "open", path: missing, code: ENOENT)) {
            try Keypair(contentsOf: missing)
        }
        #expect(throws: KeypairError.fileSystem(operation: "read", path: folder.path, code: EISDIR)) {
            try Keypair(contentsOf: folder.path)
        }
    }

    @Test("a written file is its owner's alone, and is not replaced unless asked for")
    func write() throws {
        let folder = try Folder()
        let path = folder.path + "/id.json"
        let (first, second) = (Keypair(), Keypair())
        try first.write(to: path)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(throws: KeypairError.fileExists(path: path)) { try second.write(to: path) }
        #expect(try Keypair(contentsOf: path).address == first.address)
        try second.write(to: path, overwrite: true)
        #expect(try Keypair(contentsOf: path).address == second.address)
        // No other file stays behind, whatever happened.
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["id.json"])
    }

    @Test("a symbolic link in the file's place is not followed when writing")
    func symbolicLink() throws {
        let folder = try Folder()
        let target = try folder.file("target", "precious")
        let path = folder.path + "/id.json"
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
        #expect(throws: KeypairError.fileExists(path: path)) { try Keypair().write(to: path) }
        try Keypair().write(to: path, overwrite: true)
        #expect(try String(contentsOfFile: target, encoding: .utf8) == "precious")
    }

    @Test("writing into a folder that is not there fails and says so")
    func noFolder() throws {
        let folder = try Folder()
        let path = folder.path + "/none/id.json"
        #expect(throws: KeypairError.fileSystem(operation: "create", path: path, code: ENOENT)) {
            try Keypair().write(to: path)
        }
    }

    @Test("nothing of the secret is ever shown")
    func hidden() {
        let keypair = Keypair()
        var dumped = ""
        dump(keypair, to: &dumped)
        #expect("\(keypair)" == "Keypair(\(keypair.address))")
        #expect(!dumped.contains("secret") && dumped.contains(keypair.address.base58))
    }
}
