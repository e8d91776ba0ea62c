public import Solana

/// The transactions that involved an address, page by page, the newest first.
///
/// ```swift
/// for try await page in rpc.signatureHistory(of: address) {
///     for record in page { print(record.signature) }
/// }
/// ```
public struct SignatureHistory: AsyncSequence, Sendable {
    /// One page, never empty.
    public typealias Element = [SignatureRecord]

    let rpc: RPCClient
    let address: Address
    let pageSize: UInt64
    let until: Signature?
    let commitment: Commitment?

    /// Asks for one page after the other.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let history: SignatureHistory
        private var before: Signature?
        private var isOver = false

        fileprivate init(_ history: SignatureHistory) {
            self.history = history
        }

        /// The next page; nil after the last one.
        ///
        /// - Throws: ``RPCError`` or `CancellationError`; the page can then be asked for again.
        public mutating func next() async throws -> [SignatureRecord]? {
            guard !isOver else { return nil }
            let page = try await history.rpc.getSignaturesForAddress(
                history.address,
                limit: history.pageSize,
                before: before,
                until: history.until,
                commitment: history.commitment
            )
            // A node that gives the same page again would never let this end.
            guard let last = page.last, last.signature != before else {
                isOver = true
                return nil
            }
            before = last.signature
            isOver = page.count < Int(history.pageSize)
            return page
        }
    }

    /// Begins with the newest transaction.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }
}

extension RPCClient {
    /// All transactions that involved an address, asked for in pages (`getSignaturesForAddress`).
    ///
    /// - Parameters:
    ///   - address: the address.
    ///   - pageSize: how many at once, 1 to 1,000.
    ///   - until: only those newer than this one.
    ///   - commitment: confirmed or finalized; nil for the client's.
    /// - Returns: the pages, the newest first.
    public func signatureHistory(
        of address: Address,
        pageSize: UInt64 = 1_000,
        until: Signature? = nil,
        commitment: Commitment? = nil
    ) -> SignatureHistory {
        SignatureHistory(
            rpc: self,
            address: address,
            pageSize: min(max(1, pageSize), 1_000),
            until: until,
            commitment: commitment
        )
    }
}
