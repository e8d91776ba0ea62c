import Foundation
import Testing

/// The files that `Golden/generate.py` wrote.
enum GoldenFile {
    static func load<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
        let url = try #require(Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Golden"))
        return try JSONDecoder().decode(Value.self, from: Data(contentsOf: url))
    }
}
