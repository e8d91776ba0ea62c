import Foundation
import PeerRelay
import SodiumCrypto
import Testing

@Suite("The relay's key file")
struct RelayKeyFileTests {
    private static func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder + "/key")
    }

    @Test("Made at the first start for its owner alone, the same ever after")
    func life() throws {
        try Self.withFolder { path in
            let key = try RelayKeyFile.load(creatingAt: path)
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            #expect(try RelayKeyFile.load(creatingAt: path).publicKey == key.publicKey)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            #expect(try X25519.PrivateKey(bytes: bytes).publicKey == key.publicKey)
        }
    }

    @Test("A file that others may read, of another length, or a link, is refused", arguments: [0o640, 0o604, 0o660])
    func refused(mode: Int) throws {
        try Self.withFolder { path in
            _ = try RelayKeyFile.load(creatingAt: path)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            #expect(throws: RelayKeyFile.KeyFileError.readableByOthers(path: path)) {
                try RelayKeyFile.load(creatingAt: path)
            }
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            try FileManager.default.createSymbolicLink(atPath: path + "-link", withDestinationPath: path)
            #expect(throws: RelayKeyFile.KeyFileError.self) { try RelayKeyFile.load(creatingAt: path + "-link") }
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.truncate(atOffset: 31)
            #expect(throws: RelayKeyFile.KeyFileError.malformed(path: path)) {
                try RelayKeyFile.load(creatingAt: path)
            }
        }
    }

    @Test("A folder that is not there is named")
    func noFolder() throws {
        try Self.withFolder { path in
            #expect(throws: RelayKeyFile.KeyFileError.self) { try RelayKeyFile.load(creatingAt: path + "/deeper/key") }
        }
    }
}
