import JSON
import Testing

@Suite("JSON values")
struct JSONValueTests {
    private func parse(_ text: String, _ limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSONValue {
        try JSONValue(parsing: text.utf8, limits: limits)
    }

    @Test("Whole numbers are exact to 64 bits and have one case each")
    func wholeNumbers() throws {
        #expect(try parse("18446744073709551615") == .unsigned(.max))
        #expect(try parse("-9223372036854775808") == .negative(.min))
        #expect(try parse("9007199254740993") == .unsigned(9_007_199_254_740_993))
        #expect(try parse("18446744073709551616") == .double(18_446_744_073_709_551_616))
        #expect(try parse("1.0") == .double(1))
        #expect(JSONValue.signed(5) == .unsigned(5))
        #expect(JSONValue.signed(-5) == -5)
        #expect(try parse("-9223372036854775808").decode(Int64.self) == .min)
        #expect(throws: JSONError.self) { try parse("1.0").decode(UInt64.self) }
        #expect(throws: JSONError.self) { try parse("256").decode(UInt8.self) }
        #expect(throws: JSONError.self) { try parse("-1").decode(UInt64.self) }
        #expect(try parse("[1,2.5,-3]").decode([Double].self) == [1, 2.5, -3])
    }

    @Test("Every limit has its own error, and its edge is allowed")
    func limits() throws {
        func problem(_ text: String, _ limits: JSONLimits) -> JSONError.Problem? {
            do throws(JSONError) { _ = try parse(text, limits) } catch { return error.problem }
            return nil
        }
        let deep = { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }
        #expect(problem(deep(9), JSONLimits(maximumDepth: 9)) == nil)
        #expect(problem(deep(10), JSONLimits(maximumDepth: 9)) == .tooDeep(limit: 9))
        #expect(problem(deep(100_000), JSONLimits(maximumDepth: .max)) == .tooDeep(limit: JSONLimits.deepest))
        #expect(problem("[123456]", JSONLimits(maximumNumberLength: 6)) == nil)
        for number in ["1234567", "0.12345", "123e456", "-123456"] {
            #expect(problem("[\(number)]", JSONLimits(maximumNumberLength: 6)) == .numberTooLong(limit: 6))
        }
        #expect(problem("[\"123\"]", JSONLimits(maximumStringBytes: 3)) == nil)
        #expect(problem("[\"1234\"]", JSONLimits(maximumStringBytes: 3)) == .stringTooLong(limit: 3))
        #expect(problem("[1,{\"a\":2}]", JSONLimits(maximumValues: 4)) == nil)
        #expect(problem("[1,{\"a\":2}]", JSONLimits(maximumValues: 3)) == .tooManyValues(limit: 3))
        #expect(problem("[12]", JSONLimits(maximumBytes: 4)) == nil)
        #expect(problem("[12] ", JSONLimits(maximumBytes: 4)) == .tooLarge(limit: 4))
    }

    @Test("Errors say where, and nothing of the text")
    func errors() {
        for (text, description) in [
            ("", "the text ends early, at byte 0"), ("[1,]", "an unexpected byte 93, at byte 3"),
            ("{\"a\":1,\"a\":2}", "a member that is there twice, at byte 7"),
            ("\"\\q\"", "an invalid escape, at byte 3"), ("1e999", "a number out of range, at byte 0"),
        ] {
            #expect { try parse(text) } throws: { "\($0)" == description }
        }
    }

    @Test(
        "Two million digits, 200,000 members and 700,000 elements take no more than linear time",
        .timeLimit(.minutes(1))
    )
    func linear() throws {
        let size = 2_000_000
        #expect(throws: JSONError.self) { try parse(String(repeating: "9", count: size)) }
        // With the limit out of the way the number is still read once.
        let limits = JSONLimits(maximumNumberLength: .max, maximumValues: .max)
        #expect(throws: JSONError.self) { try parse(String(repeating: "9", count: size), limits) }
        let members = (0..<200_000).map { "\"\($0)\":0" }.joined(separator: ",")
        let object = try #require(try parse("{\(members)}").members)
        #expect(object.count == 200_000)
        #expect(object["199999"] == 0)
        #expect(throws: JSONError.self) { try parse("{\(members),\"5\":1}") }
        let elements = "[" + String(repeating: "[],", count: size / 3)
        #expect(try #require(throws: JSONError.self) { try parse(elements) }.problem == .unexpectedEnd)
    }

    @Test("An object keeps its order, replaces in place, and equals one in another order")
    func objects() throws {
        var object = try #require(try parse("{\"b\":1,\"a\":2,\"c\":3}").members)
        object["a"] = "x"
        object["d"] = nil
        object["e"] = true
        object["b"] = nil
        #expect("\(JSONValue.object(object))" == "{\"a\":\"x\",\"c\":3,\"e\":true}")
        #expect(object == ["e": true, "c": 3, "a": "x"])
        #expect(object != ["e": true, "c": 3, "a": "y"])
        #expect(Set([object, ["c": 3, "e": true, "a": "x"]]).count == 1)
        var large = JSONObject((0..<100).map { ("m\($0)", .signed($0)) })
        for index in stride(from: 0, to: 100, by: 2) { large["m\(index)"] = nil }
        #expect(large.map(\.key) == stride(from: 1, to: 100, by: 2).map { "m\($0)" })
        #expect(large["m51"] == 51)
        #expect(large["m50"] == nil)
    }

    @Test("The indented form puts members on lines of their own and short lists on one")
    func indented() {
        let value: JSONValue = ["a": [1, 2, "x"], "b": [["c": nil]], "d": [:], "e": []]
        #expect(
            String(decoding: value.serialized(.indented), as: UTF8.self) == """
                {
                  "a": [1, 2, "x"],
                  "b": [
                    {
                      "c": null
                    }
                  ],
                  "d": {},
                  "e": []
                }
                """
        )
        #expect(
            "\(JSONValue.array([.double(.nan), .double(.infinity), .double(1), .double(-0.0)]))"
                == "[null,null,1.0,-0.0]"
        )
        #expect("\(JSONValue.string("\"\\/\n\u{1}\u{7f}é😀"))" == #""\"\\/\n\u0001\u007fé😀""#)
    }

    private struct Account: Decodable, Equatable {
        let owner: String
        let lamports: UInt64
        let tags: [String: [Int8?]]?
    }

    @Test("Types decode themselves; what does not fit is named with its place")
    func decoding() throws {
        let text = #"{"value":[{"owner":"x","lamports":18446744073709551615,"tags":{"a":[1,null]},"news":{}}]}"#
        let accounts = try parse(text).decode([String: [Account]].self)
        #expect(accounts == ["value": [Account(owner: "x", lamports: .max, tags: ["a": [1, nil]])]])
        for (text, place) in [
            (#"{"value":[{"owner":null,"lamports":1}]}"#, "value[0].owner is null instead of String"),
            (#"{"value":[{"owner":"x"}]}"#, "value[0] has no “lamports”"),
            (#"{"value":[{"owner":"x","lamports":"1"}]}"#, "value[0].lamports is not of type UInt64"),
            (#"{"value":[{"owner":"x","lamports":1,"tags":{"a":[128]}}]}"#, "value[0].tags.a[0]: does not fit Int8"),
            (#"[]"#, "the value is not of type Dictionary<String, JSONValue>"),
        ] {
            #expect { try parse(text).decode([String: [Account]].self) } throws: { "\($0)" == place }
        }
    }

    @Test("A member of a text is replaced, and every other byte stays")
    func members() throws {
        let text = Array(#"{ "model" : "m" , "n":1.50, "x" : { "a" : [ "}" , "\"" ] } }"#.utf8)
        var members = try JSONMembers(parsing: text)
        members.set("model", to: Array("\"other\"".utf8))
        members.set("y", to: Array("[ ]".utf8))
        #expect(
            String(decoding: members.text, as: UTF8.self)
                == #"{"model":"other","n":1.50,"x":{ "a" : [ "}" , "\"" ] },"y":[ ]}"#
        )
        for text in ["[]", "1", "{\"a\":1,\"a\":1}", "{\"a\":{\"b\":1,\"b\":2}}", "{", ""] {
            #expect(throws: JSONError.self) { try JSONMembers(parsing: Array(text.utf8)) }
        }
    }
}
