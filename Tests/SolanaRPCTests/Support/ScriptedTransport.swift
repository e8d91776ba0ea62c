import Foundation
import Synchronization
import VirtualTime

@testable import SolanaRPC

/// A request as a node sees it.
struct SeenRequest: Decodable, Sendable {
    let id: UInt64
    let method: String
    let params: [JSONValue]

    /// The member of the configuration object that ends the parameters.
    func option(_ name: String) -> JSONValue? { params.last?[name] }
}

extension SeenRequest {
    /// Reads a request's body.
    init(parsing body: [UInt8]) throws {
        let json = try JSONValue(parsing: body)
        guard let id = json["id"]?.unsigned, let method = json["method"]?.text, let params = json["params"]?.elements
        else { throw JSONRequestError() }
        self.init(id: id, method: method, params: params)
    }
}

/// A client sent what is no request.
struct JSONRequestError: Error {}

extension JSONRPCRequest {
    /// The same request, to pass it on.
    init(_ request: SeenRequest) {
        self.init(id: request.id, method: request.method, params: request.params)
    }
}

/// A node that answers as the test says.
///
/// What the test does not expect fails the call.
final class ScriptedTransport: RPCTransport {
    typealias Answer = @Sendable (SeenRequest) async throws -> RPCTransportAnswer

    private let answer: Answer
    private let seen = Mutex<[SeenRequest]>([])

    init(_ answer: @escaping Answer) {
        self.answer = answer
    }

    /// Answers one request after the other from a list.
    convenience init(sequence: [Answer]) {
        let rest = Mutex(sequence[...])
        let box = Shared(rest)
        self.init { request in
            guard let next = box.value.withLock({ $0.popFirst() }) else {
                throw RPCTransportError.notConnected("the script has no answer to a further \(request.method)")
            }
            return try await next(request)
        }
    }

    var requests: [SeenRequest] { seen.withLock { $0 } }

    var methods: [String] { requests.map(\.method) }

    func post(_ body: [UInt8], timeout: Duration, maximumAnswerSize: Int) async throws -> RPCTransportAnswer {
        let request = try SeenRequest(parsing: body)
        seen.withLock { $0.append(request) }
        let answer = try await answer(request)
        guard answer.body.count <= maximumAnswerSize else {
            throw RPCTransportError.answerTooLarge(limit: maximumAnswerSize)
        }
        return answer
    }
}

/// Holds what can't be copied so that closures can share it.
final class Shared<Value: ~Copyable & Sendable>: Sendable {
    let value: Value

    init(_ value: consuming Value) {
        self.value = value
    }
}

/// Shorthands for answers.
enum Reply {
    /// `{"jsonrpc":"2.0","result":…,"id":…}` with that JSON text as result.
    static func result(_ json: String) -> ScriptedTransport.Answer {
        { request in
            RPCTransportAnswer(
                status: 200,
                body: Array(#"{"jsonrpc":"2.0","result":\#(json),"id":\#(request.id)}"#.utf8)
            )
        }
    }

    /// A result with a context.
    static func value(_ json: String, slot: UInt64 = 10) -> ScriptedTransport.Answer {
        result(#"{"context":{"apiVersion":"3.0.0","slot":\#(slot)},"value":\#(json)}"#)
    }

    /// A JSON-RPC error.
    static func error(_ code: Int, _ message: String = "no", data: String? = nil, status: Int = 200)
        -> ScriptedTransport.Answer
    {
        let member = data.map { #","data":\#($0)"# } ?? ""
        return { request in
            RPCTransportAnswer(
                status: status,
                body: Array(
                    #"{"jsonrpc":"2.0","error":{"code":\#(code),"message":"\#(message)"\#(member)},"id":\#(request.id)}"#
                        .utf8
                )
            )
        }
    }

    /// An HTTP answer that is no JSON-RPC.
    static func http(_ status: Int, _ text: String = "", retryAfter: Duration? = nil) -> ScriptedTransport.Answer {
        { _ in RPCTransportAnswer(status: status, retryAfter: retryAfter, body: Array(text.utf8)) }
    }

    static func failure(_ error: RPCTransportError) -> ScriptedTransport.Answer {
        { _ in throw error }
    }
}

extension RPCClient {
    /// A client of scripted nodes in a machine with virtual time.
    convenience init(
        _ transports: ScriptedTransport...,
        machine: VirtualTime,
        policy: RPCPolicy = RPCPolicy(),
        rateLimit: RateLimit? = nil,
        programErrors: ProgramErrorResolver = .none
    ) {
        do {
            let cluster = try Cluster(name: "scripted", rpcURL: "http://127.0.0.1:1", rateLimit: rateLimit)
            self.init(
                cluster: cluster,
                transports: transports.map { (cluster, $0) },
                policy: policy,
                programErrors: programErrors,
                environment: machine.environment
            )
        } catch {
            preconditionFailure("\(error)")
        }
    }
}
