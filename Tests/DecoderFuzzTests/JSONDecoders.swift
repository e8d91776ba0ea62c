import Foundation
import JSON
import NIOEmbedded
import Solana

@testable import LocalCluster
@testable import SolanaRPC

extension FuzzedDecoder {
    static let json: [FuzzedDecoder] = [
        rpcAnswers, rpcValues, pubSubMessages, rpcRequests, pubSubRequests, faults, cliConfigurations, clusterURLs,
    ]

    /// Every answer is tried as what its method gives; what a stranger's node says is read like this.
    private static let rpcAnswers = FuzzedDecoder(
        name: "JSON-RPC answer",
        inputs: 12_000,
        samples: {
            // The first byte tells which type is expected.
            let answers = try Corpus.answers.get()
            return methods.enumerated().flatMap { index, method in
                (answers[method.name] ?? []).prefix(6).map { [UInt8(index)] + $0 }
            }
        },
        tokens: Corpus.jsonTokens,
        decode: {
            { input in
                guard let first = input.first else { return false }
                return methods[Int(first) % methods.count].accepts(Array(input.dropFirst()))
            }
        }
    )

    private struct Method: Sendable {
        let name: String
        let accepts: @Sendable ([UInt8]) -> Bool

        init<Value: Decodable & Sendable>(_ name: String, _ type: Value.Type) {
            self.name = name
            accepts = { input in
                guard let answer = try? JSONCoding.decode(JSONRPCAnswer<Value>.self, from: input) else { return false }
                if case .result = answer.outcome { return true }
                return false
            }
        }
    }

    private static let methods: [Method] = [
        Method("getBalance", Contextual<UInt64>.self), Method("getAccountInfo", Contextual<AccountInfo?>.self),
        Method("getMultipleAccounts", Contextual<[AccountInfo?]>.self),
        Method("getProgramAccounts", Contextual<[KeyedAccount]>.self),
        Method("getSignatureStatuses", Contextual<[SignatureStatus?]>.self),
        Method("getSignaturesForAddress", [SignatureRecord].self), Method("sendTransaction", Signature.self),
        Method("simulateTransaction", Contextual<SimulationAnswer>.self),
        Method("getTransaction", SolanaRPC.TransactionRecord?.self),
        Method("getLatestBlockhash", Contextual<LatestBlockhash>.self),
        Method("getRecentPrioritizationFees", [PrioritizationFee].self), Method("getHealth", String.self),
    ]

    private static let rpcValues = FuzzedDecoder(
        name: "JSON value",
        inputs: 12_000,
        samples: {
            [#"{"a":[1,-1,1.5,"x",null,true,18446744073709551615,{"b":[]}],"é":"\u0041"}"#, "[[[]]]", "0"].map {
                Array($0.utf8)
            }
        },
        tokens: Corpus.jsonTokens,
        decode: {
            { input in
                guard let value = try? JSONValue(parsing: input) else { return false }
                guard try JSONValue(parsing: value.serialized()) == value else { throw BrokenProperty("another value") }
                // Foundation has to take it, too; it refuses what is no text of a value at all.
                guard (try? JSONSerialization.jsonObject(with: Data(input), options: .fragmentsAllowed)) != nil else {
                    throw BrokenProperty("no JSON, says Foundation")
                }
                return true
            }
        }
    )

    private static let pubSubMessages = FuzzedDecoder(
        name: "PubSub message",
        inputs: 12_000,
        samples: {
            [
                #"{"jsonrpc":"2.0","result":5,"id":1}"#,
                #"{"jsonrpc":"2.0","error":{"code":-32602,"message":"no"},"id":1}"#,
                #"{"jsonrpc":"2.0","method":"accountNotification","params":{"result":{"context":{"slot":5},"value":{"lamports":1,"data":["","base64"],"owner":"11111111111111111111111111111111","executable":false,"rentEpoch":0}},"subscription":7}}"#,
                #"{"jsonrpc":"2.0","method":"programNotification","params":{"result":{"context":{"slot":5},"value":{"pubkey":"H4vnBqifaSACnKa7acsxstsY1iV1bvJNxsCY7enrd1hq","account":{}}},"subscription":7}}"#,
                #"{"jsonrpc":"2.0","method":"signatureNotification","params":{"result":{"context":{"slot":5},"value":"receivedSignature"},"subscription":7}}"#,
                #"{"jsonrpc":"2.0","method":"slotNotification","params":{"result":{"parent":1,"root":0,"slot":2},"subscription":0}}"#,
            ].map { Array($0.utf8) }
        },
        tokens: Corpus.jsonTokens + ["\"method\"", "\"params\"", "\"subscription\""],
        decode: { { (try? JSONCoding.decode(IncomingMessage.self, from: $0)) != nil } }
    )

    private static let calls = [
        #"{"jsonrpc":"2.0","id":1,"method":"getBalance","params":["11111111111111111111111111111111",{"commitment":"processed"}]}"#,
        #"[{"jsonrpc":"2.0","id":1,"method":"getSlot"},{"jsonrpc":"2.0","id":"x","method":"getHealth","params":null}]"#,
        #"{"jsonrpc":"2.0","id":1,"method":"getProgramAccounts","params":["EqXWeMtdejpriCwCeyE48BvoPu1tNXfKaPiRq9ft871V",{"encoding":"base64","dataSlice":{"offset":0,"length":8},"filters":[{"dataSize":216},{"memcmp":{"offset":8,"bytes":"111"}}]}]}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"getMultipleAccounts","params":[["11111111111111111111111111111111"],{"encoding":"jsonParsed"}]}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"getSignatureStatuses","params":[["5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQkjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW"],{"searchTransactionHistory":true}]}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"getBlock","params":[0,{"maxSupportedTransactionVersion":0,"transactionDetails":"full"}]}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"getBlocks","params":[0,18446744073709551615]}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"getMinimumBalanceForRentExemption","params":[18446744073709551615]}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"sendTransaction","params":["AQ==",{"encoding":"base64","skipPreflight":true}]}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"simulateTransaction","params":["AQ==",{"encoding":"base64","sigVerify":false,"replaceRecentBlockhash":true,"accounts":{"addresses":[]}}]}"#,
    ]

    /// What strangers send to the local cluster.
    private static let rpcRequests = FuzzedDecoder(
        name: "JSON-RPC request",
        inputs: 10_000,
        samples: {
            let transactions = try Corpus.market.get().transactions.prefix(4).flatMap { bytes in
                ["sendTransaction", "simulateTransaction"].map { method in
                    #"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":["\#(Data(bytes).base64EncodedString())",{"encoding":"base64"}]}"#
                }
            }
            return (calls + transactions).map { Array($0.utf8) }
        },
        tokens: Corpus.jsonTokens + [
            "\"getSupply\"", "\"getTransaction\"", "\"params\"", "\"encoding\"", "base58", "base64+zstd",
        ],
        decode: {
            let cluster = LocalCluster(.testing(pace: .manual))
            return { input in
                let body = try? JSONValue(parsing: input, limits: RPCServer.limits)
                guard
                    let answer = RPCCalls(
                        node: ClusterNode(cluster: cluster, lag: 0, rpcPort: 0, pubSubPort: nil)
                    ).answer(body)
                else { return false }
                guard (try? JSONValue(parsing: answer.serialized())) == answer else {
                    throw BrokenProperty("the answer is no JSON")
                }
                return answer["result"] != nil
            }
        }
    )

    private static let pubSubRequests = FuzzedDecoder(
        name: "PubSub request",
        inputs: 8_000,
        samples: {
            [
                #"{"jsonrpc":"2.0","id":1,"method":"accountSubscribe","params":["11111111111111111111111111111111",{"encoding":"base64","commitment":"confirmed"}]}"#,
                #"{"jsonrpc":"2.0","id":1,"method":"programSubscribe","params":["11111111111111111111111111111111",{"filters":[{"dataSize":1}]}]}"#,
                #"{"jsonrpc":"2.0","id":1,"method":"signatureSubscribe","params":["5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQkjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW",{"enableReceivedNotification":true}]}"#,
                #"{"jsonrpc":"2.0","id":1,"method":"logsSubscribe","params":[{"mentions":["11111111111111111111111111111111"]}]}"#,
                #"[{"jsonrpc":"2.0","id":1,"method":"slotSubscribe"},{"jsonrpc":"2.0","id":2,"method":"slotUnsubscribe","params":[0]}]"#,
            ].map { Array($0.utf8) }
        },
        tokens: Corpus.jsonTokens + ["\"rootSubscribe\"", "\"all\"", "\"params\""],
        decode: {
            let cluster = LocalCluster(.testing(pace: .manual))
            let channel = EmbeddedChannel()
            return { input in
                let connection = PubSubConnection(channel: channel)
                PubSubCalls(
                    node: ClusterNode(cluster: cluster, lag: 0, rpcPort: 0, pubSubPort: nil),
                    connection: connection
                ).answer(input)
                let isSubscribed = cluster.withState { state in
                    defer { state.subscriptions.removeAll(of: connection) }
                    return !state.subscriptions.connections.isEmpty
                }
                connection.finish()
                return isSubscribed
            }
        }
    )

    private static let faults = FuzzedDecoder(
        name: "fault on the command line",
        inputs: 15_000,
        samples: {
            [
                "429=2:0.1", "drop-answer:0.2:sendTransaction", "503", "delay=100:1", "behind=5:0.5:getSlot,getBalance",
                "lose",
            ].map {
                Array($0.utf8)
            }
        },
        tokens: [":", "=", ",", "0.5", "nan", "inf", "-1", "1e400", "99999999999999999999", "delay=", "behind="],
        decode: { { (try? Fault(parsing: String(decoding: $0, as: UTF8.self))) != nil } }
    )

    private static let cliConfigurations = FuzzedDecoder(
        name: "Solana CLI configuration",
        inputs: 15_000,
        samples: {
            [
                "---\njson_rpc_url: http://localhost:8899\nwebsocket_url: ''\nkeypair_path: /home/me/id.json\naddress_labels:\n  '1': System\ncommitment: confirmed\n",
                "json_rpc_url: \"https://api.devnet.solana.com\" # mine\nkeypair_path: id.json\n",
                "json_rpc_url: devnet\n",
            ].map { Array($0.utf8) }
        },
        tokens: ["\n", ": ", "'", "\"", "#", " #", "---", "https://", "ws://", "@", "[::1]", "%00", "\t", "\r\n", "é"],
        decode: { { (try? SolanaCLIConfiguration(parsing: String(decoding: $0, as: UTF8.self))) != nil } }
    )

    private static let clusterURLs = FuzzedDecoder(
        name: "cluster URL or moniker",
        inputs: 15_000,
        samples: {
            ["devnet", "m", "http://localhost:8899", "https://user@node.example:1/path?key=1"].map { Array($0.utf8) }
        },
        tokens: ["://", "@", ":", "/", "?", "#", "[", "]", "%", "65536", "ws", " ", "é"],
        decode: { { (try? Cluster(urlOrMoniker: String(decoding: $0, as: UTF8.self))) != nil } }
    )
}
