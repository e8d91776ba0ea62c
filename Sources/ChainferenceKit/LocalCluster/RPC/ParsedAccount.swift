import JSON
import Solana

/// The accounts that `jsonParsed` shows in words; every other one goes out as Base64.
enum ParsedAccount {
    static func json(_ account: LedgerAccount, at address: Address) -> JSONValue? {
        let found: (program: String, parsed: JSONValue)? =
            switch account.owner {
            case SystemProgram.id: nonce(account.data).map { ("nonce", $0) }
            case AddressLookupTableProgram.id: lookupTable(account.data).map { ("address-lookup-table", $0) }
            case WellKnownAddress.upgradeableLoader: loader(account.data).map { ("bpf-upgradeable-loader", $0) }
            case WellKnownAddress.sysvarOwner: sysvar(account.data, at: address).map { ("sysvar", $0) }
            default: nil
            }
        guard let found else { return nil }
        return [
            "program": .string(found.program), "parsed": found.parsed, "space": .unsigned(UInt64(account.data.count)),
        ]
    }

    private static func object(_ type: String, _ info: JSONValue) -> JSONValue {
        ["type": .string(type), "info": info]
    }

    /// Numbers that JavaScript could not hold go out as text.
    private static func text(_ number: UInt64) -> JSONValue { .string(String(number)) }

    private static func nonce(_ data: [UInt8]) -> JSONValue? {
        // Room without a nonce in it is not shown as one: it could be anything.
        guard data.count == NonceAccount.byteCount, case .initialized(let nonce) = NonceAccount.state(of: data) else {
            return nil
        }
        return object(
            "initialized",
            [
                "authority": .string(nonce.authority.base58),
                "blockhash": .string(nonce.durableNonce.base58),
                "feeCalculator": ["lamportsPerSignature": text(nonce.lamportsPerSignature.rawValue)],
            ]
        )
    }

    private static func lookupTable(_ data: [UInt8]) -> JSONValue? {
        guard let table = AddressLookupTableAccount(accountData: data) else { return nil }
        var info: JSONObject = [
            "deactivationSlot": text(table.deactivationSlot),
            "lastExtendedSlot": text(table.lastExtendedSlot),
            "lastExtendedSlotStartIndex": .unsigned(UInt64(table.lastExtendedSlotStartIndex)),
            "addresses": .array(table.addresses.map { .string($0.base58) }),
        ]
        info["authority"] = table.authority.map { .string($0.base58) }
        return object("lookupTable", .object(info))
    }

    private static func loader(_ data: [UInt8]) -> JSONValue? {
        var reader = InstructionReader(data)
        switch reader.u32() {
        case 2:
            guard let programData = reader.address() else { return nil }
            return object("program", ["programData": .string(programData.base58)])
        case 3:
            guard let slot = reader.u64(), let tag = reader.u8(), let authority = reader.address() else { return nil }
            let code = Array(data[reader.offset...])
            return object(
                "programData",
                [
                    "slot": .unsigned(slot),
                    "authority": tag == 1 ? .string(authority.base58) : .null,
                    "data": [.string(Base64.encode(code)), "base64"],
                ]
            )
        default: return nil
        }
    }

    // MARK: Sysvars

    private static func sysvar(_ data: [UInt8], at address: Address) -> JSONValue? {
        switch address {
        case Sysvar.clock: clock(data)
        case Sysvar.rent: rent(data)
        case Sysvar.epochSchedule: epochSchedule(data)
        case Sysvar.recentBlockhashes: recentBlockhashes(data)
        case Sysvar.slotHashes: slotHashes(data)
        default: nil
        }
    }

    private static func clock(_ data: [UInt8]) -> JSONValue? {
        guard let clock = ClockSysvar(data) else { return nil }
        return object(
            "clock",
            [
                "slot": .unsigned(clock.slot),
                "epoch": .unsigned(clock.epoch),
                "epochStartTimestamp": .signed(clock.epochStartTimestamp),
                "leaderScheduleEpoch": .unsigned(clock.leaderScheduleEpoch),
                "unixTimestamp": .signed(clock.unixTimestamp),
            ]
        )
    }

    private static func rent(_ data: [UInt8]) -> JSONValue? {
        var reader = InstructionReader(data)
        guard let perYear = reader.u64(), let years = reader.u64(), let burned = reader.u8() else { return nil }
        return object(
            "rent",
            [
                "lamportsPerByteYear": text(perYear),
                "exemptionThreshold": .double(Double(bitPattern: years)),
                "burnPercent": .unsigned(UInt64(burned)),
            ]
        )
    }

    private static func epochSchedule(_ data: [UInt8]) -> JSONValue? {
        var reader = InstructionReader(data)
        guard let slots = reader.u64(), let offset = reader.u64(), let warmup = reader.u8(), let epoch = reader.u64(),
            let slot = reader.u64()
        else { return nil }
        return object(
            "epochSchedule",
            [
                "slotsPerEpoch": .unsigned(slots),
                "leaderScheduleSlotOffset": .unsigned(offset),
                "warmup": .bool(warmup == 1),
                "firstNormalEpoch": .unsigned(epoch),
                "firstNormalSlot": .unsigned(slot),
            ]
        )
    }

    private static func recentBlockhashes(_ data: [UInt8]) -> JSONValue? {
        var reader = InstructionReader(data)
        guard let count = reader.u64() else { return nil }
        var entries: [JSONValue] = []
        while UInt64(entries.count) < count {
            guard let hash = reader.take(Blockhash.byteCount), let fee = reader.u64() else { return nil }
            entries.append([
                "blockhash": .string(Base58.encode(Array(hash))),
                "feeCalculator": ["lamportsPerSignature": text(fee)],
            ])
        }
        return object("recentBlockhashes", .array(entries))
    }

    private static func slotHashes(_ data: [UInt8]) -> JSONValue? {
        var reader = InstructionReader(data)
        guard let count = reader.u64() else { return nil }
        var entries: [JSONValue] = []
        while UInt64(entries.count) < count {
            guard let slot = reader.u64(), let hash = reader.take(Blockhash.byteCount) else { return nil }
            entries.append(["slot": .unsigned(slot), "hash": .string(Base58.encode(Array(hash)))])
        }
        return object("slotHashes", .array(entries))
    }
}
