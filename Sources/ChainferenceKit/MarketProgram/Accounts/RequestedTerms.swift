/// What a client asks of a server: stake, caps and criteria.
///
/// They stand in the arguments of `request_inference` as they stand in the account, so that a direct request is judged
/// before its account is created, and an open one from its account.
struct RequestedTerms {
    /// Where the stake is; the caps of both prices and of the minimum charge follow it.
    let stakeAndCaps: UnsafeMutableRawPointer
    /// Where the number of completed responses is; the cap of the fee and both ratios follow it.
    let criteria: UnsafeMutableRawPointer

    /// The terms of a request that exists.
    @inline(__always)
    init(of request: Request) {
        stakeAndCaps = request.data + RequestLayout.stake
        criteria = request.data + RequestLayout.minimumCompleted
    }

    /// The terms of a request that is being made.
    @inline(__always)
    init(arguments: UnsafeMutableRawPointer) {
        stakeAndCaps = arguments + RequestInference.Arguments.stake
        criteria = arguments + RequestInference.Arguments.minimumCompleted
    }

    /// Refuses unless a server's listing and its record are within the terms.
    @inline(__always)
    func requireMet(by server: Server, on listing: Listing, fee: UInt64) throws(Refusal) {
        try requireSuccess(checkTerms(stakeAndCaps, criteria, server.data, listing.bytes, fee))
    }

    // Offsets from `stakeAndCaps`, then from `criteria`.
    fileprivate static var maximumOutputPrice: Int { RequestLayout.maximumOutputPrice - RequestLayout.stake }
    fileprivate static var maximumInputPrice: Int { RequestLayout.maximumInputPrice - RequestLayout.stake }
    fileprivate static var maximumMinimumCharge: Int { RequestLayout.maximumMinimumCharge - RequestLayout.stake }
    fileprivate static var maximumFee: Int { RequestLayout.maximumFeeBasisPoints - RequestLayout.minimumCompleted }
    fileprivate static var minimumSuccess: Int { RequestLayout.minimumSuccess - RequestLayout.minimumCompleted }
    fileprivate static var minimumPreference: Int { RequestLayout.minimumPreference - RequestLayout.minimumCompleted }
}

@inline(never)
private func checkTerms(
    _ terms: UnsafeMutableRawPointer,
    _ criteria: UnsafeMutableRawPointer,
    _ server: UnsafeMutableRawPointer,
    _ listingBytes: UnsafeMutableRawPointer,
    _ fee: UInt64
) -> UInt64 {
    let listing = Listing(bytes: listingBytes)
    guard listing.outputPrice <= terms.word(RequestedTerms.maximumOutputPrice),
        listing.inputPrice <= terms.word(RequestedTerms.maximumInputPrice),
        listing.minimumCharge <= terms.word(RequestedTerms.maximumMinimumCharge)
    else { return UInt64(ErrorCode.priceAboveCap.rawValue) }
    guard listing.minimumCharge <= terms.word(0) else { return UInt64(ErrorCode.stakeBelowMinimumCharge.rawValue) }
    guard fee <= criteria.u16(RequestedTerms.maximumFee) else { return UInt64(ErrorCode.feeAboveCap.rawValue) }
    // The ratios are compared without dividing. Counters stay far below 2^49, because each step costs a transaction,
    // so that the products fit.
    let completed = server.word(ServerLayout.completed)
    let flagged = server.word(ServerLayout.flagged)
    let good = completed > flagged ? completed &- flagged : 0
    let all = completed &+ server.word(ServerLayout.failed)
    let whole = MarketLimits.wholeBasisPoints
    guard completed >= criteria.word(0),
        good &* whole >= all &* criteria.u16(RequestedTerms.minimumSuccess),
        server.word(ServerLayout.preferred) &* whole
            >= server.word(ServerLayout.compared) &* criteria.u16(RequestedTerms.minimumPreference)
    else { return UInt64(ErrorCode.criteriaNotMet.rawValue) }
    return 0
}
