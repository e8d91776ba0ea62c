import MarketProgram
import NativeMarket
import Testing

@Suite("Discriminators")
struct DiscriminatorTests {
    /// The first eight bytes of SHA-256, little-endian, as Anchor has them.
    private func discriminator(_ namespace: String, _ name: String) -> UInt64 {
        SHA256Digest.of(Array("\(namespace):\(name)".utf8)).prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    @Test(
        "of instructions are Anchor's",
        arguments: [
            (InstructionDiscriminator.initializeMarket, "initialize_market"),
            (InstructionDiscriminator.updateMarket, "update_market"),
            (InstructionDiscriminator.acceptMarket, "accept_market"),
            (InstructionDiscriminator.addServer, "add_server"),
            (InstructionDiscriminator.updateServer, "update_server"),
            (InstructionDiscriminator.setListing, "set_listing"),
            (InstructionDiscriminator.removeListing, "remove_listing"),
            (InstructionDiscriminator.heartbeat, "heartbeat"),
            (InstructionDiscriminator.closeServer, "close_server"),
            (InstructionDiscriminator.requestInference, "request_inference"),
            (InstructionDiscriminator.cancelRequest, "cancel_request"),
            (InstructionDiscriminator.lockRequest, "lock_request"),
            (InstructionDiscriminator.releaseRequest, "release_request"),
            (InstructionDiscriminator.beginClose, "begin_close"),
            (InstructionDiscriminator.claimPayment, "claim_payment"),
            (InstructionDiscriminator.collectFees, "collect_fees"),
            (InstructionDiscriminator.expireRequest, "expire_request"),
            (InstructionDiscriminator.flagResponse, "flag_response"),
            (InstructionDiscriminator.compareResponses, "compare_responses"),
            (InstructionDiscriminator.closeRequest, "close_request"),
        ] as [(UInt64, String)]
    )
    func instructions(value: UInt64, name: String) {
        #expect(value == discriminator("global", name))
    }

    @Test(
        "of accounts are Anchor's",
        arguments: [
            (AccountDiscriminator.market, "Market"),
            (AccountDiscriminator.server, "Server"),
            (AccountDiscriminator.inferenceRequest, "InferenceRequest"),
        ] as [(UInt64, String)]
    )
    func accounts(value: UInt64, name: String) {
        #expect(value == discriminator("account", name))
    }

    @Test(
        "of events are Anchor's",
        arguments: [
            (EventDiscriminator.marketInitialized, "MarketInitialized"),
            (EventDiscriminator.marketUpdated, "MarketUpdated"),
            (EventDiscriminator.marketAccepted, "MarketAccepted"),
            (EventDiscriminator.serverAdded, "ServerAdded"),
            (EventDiscriminator.serverUpdated, "ServerUpdated"),
            (EventDiscriminator.listingSet, "ListingSet"),
            (EventDiscriminator.listingRemoved, "ListingRemoved"),
            (EventDiscriminator.heartbeat, "Heartbeat"),
            (EventDiscriminator.serverClosed, "ServerClosed"),
            (EventDiscriminator.requestOpened, "RequestOpened"),
            (EventDiscriminator.requestCancelled, "RequestCancelled"),
            (EventDiscriminator.requestLocked, "RequestLocked"),
            (EventDiscriminator.requestReleased, "RequestReleased"),
            (EventDiscriminator.requestClosing, "RequestClosing"),
            (EventDiscriminator.paymentClaimed, "PaymentClaimed"),
            (EventDiscriminator.feesCollected, "FeesCollected"),
            (EventDiscriminator.requestExpired, "RequestExpired"),
            (EventDiscriminator.responseFlagged, "ResponseFlagged"),
            (EventDiscriminator.responsesCompared, "ResponsesCompared"),
            (EventDiscriminator.requestClosed, "RequestClosed"),
        ] as [(UInt64, String)]
    )
    func events(value: UInt64, name: String) {
        #expect(value == discriminator("event", name))
    }
}
