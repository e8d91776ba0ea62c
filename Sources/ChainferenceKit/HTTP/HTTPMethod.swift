/// The verb of a request.
public struct HTTPMethod: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The verb as it goes over the wire, case-sensitive.
    public let rawValue: String

    /// Makes a method from its verb; the client refuses verbs that are no RFC 9110 token.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Asks for a representation.
    public static let get = HTTPMethod(rawValue: "GET")
    /// Asks for the headers of a representation.
    public static let head = HTTPMethod(rawValue: "HEAD")
    /// Submits the body for processing.
    public static let post = HTTPMethod(rawValue: "POST")
    /// Stores the body.
    public static let put = HTTPMethod(rawValue: "PUT")
    /// Removes a resource.
    public static let delete = HTTPMethod(rawValue: "DELETE")

    /// The verb.
    public var description: String { rawValue }
}
