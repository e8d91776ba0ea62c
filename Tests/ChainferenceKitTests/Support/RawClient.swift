import ChainferenceKit
import ChainferenceTesting
import SodiumCrypto
import Testing

@testable import ChainferenceKit

/// A client of the protocol alone, for behaviour that ``InferenceClient`` would never show.
struct RawClient: Sendable {
    let market: TestMarket
    let wallet: Keypair
    let voucherKey = Keypair()
    let channelKey = X25519.PrivateKey()
    var model: ModelID = "test/scripted"
    var stake: Lamports = 1_000_000
    /// What a provider wants to see before it pays for a lock; too little for a first token at the usual minimum.
    var credit: Lamports = 10_000

    var request: Address { Market.localnet.request(of: wallet.address, voucherSigner: voucherKey.address).address }

    /// Publishes the request and waits for its lock.
    func lock() async throws -> RequestAccount.Lock {
        try await publish()
        let lock = try await market.chain.waitForRequest(request, within: .seconds(20)) { $0?.account.state.lock }
        return try #require(lock, "nobody locked the request")
    }

    /// Publishes a request that names the server, which locks it at once.
    func lockDirectly(_ server: Address) async throws -> RequestAccount.Lock {
        try await publish(.direct(owner: server, listingIndex: 0))
        let lock = try await market.chain.request(at: request)?.account.state.lock
        return try #require(lock, "the request is not locked")
    }

    /// Publishes the request.
    func publish(_ mode: RequestInferenceInstruction.Mode = .open) async throws {
        let caps = Terms(outputPrice: .maximum, inputPrice: .maximum, minimumCharge: 1_000_000)
        let instruction = RequestInferenceInstruction(
            requester: wallet.address,
            voucherSigner: voucherKey.address,
            clientKey: channelKey.publicKey,
            model: model,
            stake: stake,
            caps: caps,
            credit: credit,
            lifetime: 600,
            maximumFee: .whole,
            criteria: .any,
            mode: mode
        )
        _ = try await market.chain.send([instruction.instruction(in: .localnet)], wallet: wallet)
    }

    func withSession(
        _ lock: RequestAccount.Lock,
        server: Address,
        identity: X25519.PrivateKey? = nil,
        request: Address? = nil,
        _ body: (PeerSession) async throws -> Void
    ) async throws {
        try await withSession(
            to: lock.peerAddress,
            server: server,
            identity: identity,
            request: request,
            body
        )
    }

    func withSession(
        to peerAddress: String,
        server: Address,
        identity: X25519.PrivateKey? = nil,
        request: Address? = nil,
        _ body: (PeerSession) async throws -> Void
    ) async throws {
        let context = PeerContext(
            genesisHash: try await market.chain.genesisHash.bytes,
            program: Market.localnet.program.bytes,
            serverWallet: server.bytes
        )
        try await PeerClient().withSession(
            to: PeerAddress(parsing: peerAddress),
            context: context,
            identity: identity ?? channelKey,
            request: PeerRequest(address: (request ?? self.request).bytes),
            options: PeerClient.Options(dialPolicy: .allowingLoopback, shaping: .off),
            body
        )
    }

    func voucher(_ amount: Lamports, _ lock: RequestAccount.Lock, key: Keypair? = nil) -> PeerVoucher {
        let message = VoucherMessage(request: request, cumulative: amount, expiresAt: lock.voucherExpiry)
        let voucher = Voucher(signing: message, with: key ?? voucherKey)
        return PeerVoucher(
            cumulative: amount.rawValue,
            expiresAt: lock.voucherExpiry.rawValue,
            signature: voucher.signature.bytes
        )
    }

    func beginClose() async throws {
        let instruction = BeginCloseInstruction(request: request, requester: wallet.address)
        _ = try await market.chain.send([instruction.instruction(in: .localnet)], wallet: wallet)
    }
}
