/// The first eight bytes of an instruction's data, little-endian: SHA-256 of `global:` and the name, as in Anchor.
public enum InstructionDiscriminator {
    /// `global:initialize_market`.
    public static let initializeMarket: UInt64 = 0xcbaa_309b_c1bd_2323
    /// `global:update_market`.
    public static let updateMarket: UInt64 = 0xd9c7_32b3_c502_2799
    /// `global:accept_market`.
    public static let acceptMarket: UInt64 = 0x8f5b_445a_35b0_4baf
    /// `global:add_server`.
    public static let addServer: UInt64 = 0x78f9_e8bb_5eb2_faa3
    /// `global:update_server`.
    public static let updateServer: UInt64 = 0xcbf3_b970_2b91_5f0f
    /// `global:set_listing`.
    public static let setListing: UInt64 = 0x7b95_e6b8_f283_3f3d
    /// `global:remove_listing`.
    public static let removeListing: UInt64 = 0x728b_6802_07ec_054a
    /// `global:heartbeat`.
    public static let heartbeat: UInt64 = 0x863f_aaf0_0638_68ca
    /// `global:close_server`.
    public static let closeServer: UInt64 = 0x28a7_6f7b_1991_3462
    /// `global:request_inference`.
    public static let requestInference: UInt64 = 0x873d_cf3c_6d8f_485c
    /// `global:cancel_request`.
    public static let cancelRequest: UInt64 = 0x8221_9753_f7b1_c441
    /// `global:lock_request`.
    public static let lockRequest: UInt64 = 0x805e_3b65_ffdb_c26a
    /// `global:release_request`.
    public static let releaseRequest: UInt64 = 0x18d6_405a_3066_a822
    /// `global:begin_close`.
    public static let beginClose: UInt64 = 0xfc7c_595b_cfcc_022a
    /// `global:claim_payment`.
    public static let claimPayment: UInt64 = 0x1ec8_9c25_a7fa_7045
    /// `global:collect_fees`.
    public static let collectFees: UInt64 = 0xb613_ba1e_63cf_98a4
    /// `global:expire_request`.
    public static let expireRequest: UInt64 = 0x177c_2fe3_6169_bddb
    /// `global:flag_response`.
    public static let flagResponse: UInt64 = 0xb4f9_b643_5858_94b0
    /// `global:compare_responses`.
    public static let compareResponses: UInt64 = 0x3df9_1ffe_8dbd_38c0
    /// `global:close_request`.
    public static let closeRequest: UInt64 = 0x0273_66df_78a5_2eaa
}

/// The first eight bytes of an account's data, little-endian: SHA-256 of `account:` and the type's name.
public enum AccountDiscriminator {
    /// `account:Market`.
    public static let market: UInt64 = 0x9ac6_e300_37d5_bedb
    /// `account:Server`.
    public static let server: UInt64 = 0x9020_2000_e7c5_b4df
    /// `account:InferenceRequest`.
    public static let inferenceRequest: UInt64 = 0x126a_28d3_4512_8a01
}

/// The first eight bytes of an event, little-endian: SHA-256 of `event:` and the event's name.
public enum EventDiscriminator {
    /// `event:MarketInitialized`.
    public static let marketInitialized: UInt64 = 0x51ff_0332_577a_a086
    /// `event:MarketUpdated`.
    public static let marketUpdated: UInt64 = 0xfbd9_a874_934a_33aa
    /// `event:MarketAccepted`.
    public static let marketAccepted: UInt64 = 0xcef7_c203_aec6_87b2
    /// `event:ServerAdded`.
    public static let serverAdded: UInt64 = 0x4ab7_5727_32d9_659d
    /// `event:ServerUpdated`.
    public static let serverUpdated: UInt64 = 0x8296_83c0_1beb_54a2
    /// `event:ListingSet`.
    public static let listingSet: UInt64 = 0xbfea_1261_f61e_fd12
    /// `event:ListingRemoved`.
    public static let listingRemoved: UInt64 = 0x4e66_daf4_45a8_79cd
    /// `event:Heartbeat`.
    public static let heartbeat: UInt64 = 0x167f_ec65_22a9_d5af
    /// `event:ServerClosed`.
    public static let serverClosed: UInt64 = 0xed99_6c1b_95b4_671b
    /// `event:RequestOpened`.
    public static let requestOpened: UInt64 = 0x52c3_5364_6156_d469
    /// `event:RequestCancelled`.
    public static let requestCancelled: UInt64 = 0x43d6_9d57_9cc5_385b
    /// `event:RequestLocked`.
    public static let requestLocked: UInt64 = 0xf75d_db84_4649_d833
    /// `event:RequestReleased`.
    public static let requestReleased: UInt64 = 0x657e_8c3e_11bd_d2e3
    /// `event:RequestClosing`.
    public static let requestClosing: UInt64 = 0xe547_9464_a02d_35c3
    /// `event:PaymentClaimed`.
    public static let paymentClaimed: UInt64 = 0x503f_d9e5_fe88_56ee
    /// `event:FeesCollected`.
    public static let feesCollected: UInt64 = 0x08fe_b26b_e175_17e9
    /// `event:RequestExpired`.
    public static let requestExpired: UInt64 = 0xfcf5_6b59_dff7_3dbe
    /// `event:ResponseFlagged`.
    public static let responseFlagged: UInt64 = 0x28c5_e82a_ac5b_1f2e
    /// `event:ResponsesCompared`.
    public static let responsesCompared: UInt64 = 0xb6c7_0653_8726_2eba
    /// `event:RequestClosed`.
    public static let requestClosed: UInt64 = 0xbce2_1309_4b63_ac3b
}
