import ChainferenceKit
import Foundation

/// A client that buys one answer after the other until it is killed; the tests kill it.
///
/// It says `begun` on standard output when its first session begins.
@main
enum CrashClient {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 5 else {
            FileHandle.standardError.write(Data("usage: crash-client <rpc> <web socket> <key file> <journal>\n".utf8))
            exit(2)
        }
        var policy = ClientPolicy.localnet
        policy.claimDeadline = .seconds(5)
        policy.abandonDeadline = .seconds(1)
        let client = try await InferenceClient(
            wallet: .file(arguments[3]),
            cluster: Cluster(rpcURL: arguments[1], webSocketURL: arguments[2]),
            policy: policy,
            journal: ClientJournal(path: arguments[4])
        )
        // What the killed ones before this one left behind.
        try await client.sweep()
        let prompt = try GenerationRequest(model: "test/scripted", messages: [.user("Say something.")])
        print("begun")
        fflush(nil)
        while true {
            do {
                try await client.withSession("test/scripted", budget: 1_000_000) { session in
                    for _ in 0..<2 { try await session.ask(prompt) }
                }
            } catch is ClientError {
                // On a busy machine a server gives up on a session now and then; the next one is as good to be killed in.
                continue
            }
        }
    }
}
