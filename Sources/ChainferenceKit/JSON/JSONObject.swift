/// The members of a JSON object, in the order in which they were written or added.
///
/// A name occurs once. Small objects, which nearly all are, are searched from their beginning; larger ones have an index,
/// so that finding a member never takes time that grows with the square of a stranger's text.
public struct JSONObject: Sendable {
    /// A name and its value.
    public typealias Element = (key: String, value: JSONValue)

    /// Objects with more members than this have an index.
    private static let indexThreshold = 12

    private var members: [Element] = []
    private var index: [String: Int]?

    /// Makes an object without members.
    public init() {}

    /// Makes an object; of members with the same name the last one counts.
    public init(_ members: some Sequence<(String, JSONValue)>) {
        for (key, value) in members { self[key] = value }
    }

    /// The member with that name.
    ///
    /// Setting it replaces the value in its place, or adds the member at the end; nil removes it.
    public subscript(_ name: String) -> JSONValue? {
        get { position(of: name).map { members[$0].value } }
        set {
            switch (position(of: name), newValue) {
            case (let position?, let value?): members[position].value = value
            case (nil, let value?): append(name, value)
            case (let position?, nil):
                members.remove(at: position)
                index = nil
                if members.count > Self.indexThreshold { buildIndex() }
            case (nil, nil): break
            }
        }
    }

    /// Adds a member that is not there yet.
    ///
    /// - Returns: whether it was not there; if it was, nothing changed.
    mutating func insert(_ name: String, _ value: JSONValue) -> Bool {
        guard position(of: name) == nil else { return false }
        append(name, value)
        return true
    }

    private mutating func append(_ name: String, _ value: JSONValue) {
        members.append((name, value))
        if index != nil {
            index?[name] = members.count - 1
        } else if members.count > Self.indexThreshold {
            buildIndex()
        }
    }

    private mutating func buildIndex() {
        index = Dictionary(uniqueKeysWithValues: zip(members.lazy.map(\.key), members.indices))
    }

    private func position(of name: String) -> Int? {
        if let index { return index[name] }
        return members.firstIndex { $0.key == name }
    }
}

extension JSONObject: RandomAccessCollection {
    /// The position of the first member.
    public var startIndex: Int { 0 }

    /// The position after the last member.
    public var endIndex: Int { members.count }

    /// The member at a position.
    public subscript(position: Int) -> Element { members[position] }
}

extension JSONObject: Hashable {
    /// Whether both have the same members, in whatever order.
    public static func == (one: Self, other: Self) -> Bool {
        one.count == other.count && one.members.allSatisfy { other[$0.key] == $0.value }
    }

    /// Feeds the members into a hasher, in a way that does not depend on their order.
    public func hash(into hasher: inout Hasher) {
        var sum = 0
        for member in members {
            var one = Hasher()
            one.combine(member.key)
            one.combine(member.value)
            sum ^= one.finalize()
        }
        hasher.combine(count)
        hasher.combine(sum)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// Makes an object; of members with the same name the last one counts.
    public init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(elements) }
}
