import JSON
import Solana

/// What a node sends over a PubSub connection, as far as it has to be understood to find the subscription.
enum IncomingMessage {
    /// The answer to a request; `result` is the number of a subscription or a truth value.
    case answer(id: UInt64, result: JSONValue)
    /// The refusal of a request.
    case refusal(id: UInt64, JSONRPCErrorObject)
    /// News; the whole text is kept for the subscriber, who decodes it.
    case notification(method: String, subscription: UInt64, NotificationHead)
    /// An error that belongs to no request, such as the answer to a ping that the node does not know.
    case stray
}

/// The parts of a notification that decide where it goes and whether it is stale.
struct NotificationHead: Hashable, Sendable {
    var slot: UInt64?
    var address: String?
    /// Whether this is the “received” notice of a signature subscription, after which another one follows.
    var isReceipt = false
}

extension IncomingMessage: Decodable {
    private enum CodingKeys: String, CodingKey {
        case id
        case method
        case params
        case result
        case error
    }

    private struct Params: Decodable {
        let subscription: UInt64
        let result: Head?
    }

    private struct Context: Decodable {
        let slot: UInt64
    }

    /// The value of a notification, of which nothing but the address matters here.
    private struct Value: Decodable {
        let pubkey: String?
        let isReceipt: Bool

        private enum CodingKeys: String, CodingKey {
            case pubkey
        }

        init(from decoder: any Decoder) throws {
            if let container = try? decoder.container(keyedBy: CodingKeys.self) {
                // No address is longer; what is remembered by it stays small.
                let text = try? container.decodeIfPresent(String.self, forKey: .pubkey)
                pubkey = text.flatMap { $0.utf8.count <= 44 ? $0 : nil }
                isReceipt = false
            } else {
                pubkey = nil
                isReceipt = (try? decoder.singleValueContainer().decode(String.self)) == "receivedSignature"
            }
        }
    }

    private struct Head: Decodable {
        var head = NotificationHead()

        private enum CodingKeys: String, CodingKey {
            case context
            case value
            case slot
        }

        init(from decoder: any Decoder) throws {
            guard let container = try? decoder.container(keyedBy: CodingKeys.self) else { return }
            head.slot =
                (try? container.decodeIfPresent(Context.self, forKey: .context))?.slot
                ?? (try? container.decodeIfPresent(UInt64.self, forKey: .slot))
            let value = try? container.decodeIfPresent(Value.self, forKey: .value)
            head.address = value?.pubkey
            head.isReceipt = value?.isReceipt ?? false
        }
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let method = try container.decodeIfPresent(String.self, forKey: .method) {
            let params = try container.decode(Params.self, forKey: .params)
            self = .notification(
                method: method,
                subscription: params.subscription,
                params.result?.head ?? NotificationHead()
            )
        } else if let error = try container.decodeIfPresent(JSONRPCErrorObject.self, forKey: .error) {
            guard let id = try? container.decodeIfPresent(UInt64.self, forKey: .id) else {
                self = .stray
                return
            }
            self = .refusal(id: id, error)
        } else {
            guard let id = try? container.decodeIfPresent(UInt64.self, forKey: .id) else {
                self = .stray
                return
            }
            self = .answer(id: id, result: try container.decode(JSONValue.self, forKey: .result))
        }
    }
}
