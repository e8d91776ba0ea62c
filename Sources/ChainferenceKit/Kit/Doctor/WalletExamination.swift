import Foundation
import Solana
import SolanaRPC

/// Looks at a key file and at what it owns.
struct WalletExamination: Sendable {
    let path: String?
    let isProvider: Bool

    /// The wallet's address; nil when its file can't be read.
    var address: Address? { (path ?? Keypair.solanaCLIDefaultPath).flatMap { try? Wallet.file($0).address } }

    func findings(_ chain: ChainExamination, isReachable: Bool) async -> [Finding] {
        guard let path = path ?? Keypair.solanaCLIDefaultPath else {
            return [Finding(.wallet, .failure, "\(WalletError.noHomeFolder)", advice: "Name a key file.")]
        }
        let wallet: Wallet
        do {
            wallet = try .file(path)
        } catch {
            return [
                Finding(
                    .wallet,
                    .failure,
                    "\(error)",
                    advice: "Make a key with “chainference wallet new FILE”, or name the file of one that you have."
                )
            ]
        }
        var findings: [Finding] = []
        if let mode = Self.mode(of: path), let finding = Self.judgePermissions(mode, path: path) {
            findings.append(finding)
        }
        guard isReachable else {
            return findings + [
                Finding(.wallet, .skipped, "\(wallet.address): the balance can't be read without a node")
            ]
        }
        do {
            let balance = try await within(chain.limit) { try await chain.rpc.getBalance(of: wallet.address).value }
            findings.append(
                Self.judgeBalance(balance, of: wallet.address, isProvider: isProvider, isTest: chain.cluster.isLoopback)
            )
        } catch {
            findings.append(Finding(.wallet, .warning, "\(wallet.address): the balance can't be read (\(error))"))
        }
        return findings
    }

    private static func mode(of path: String) -> Int? {
        (try? FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue
    }

    /// Whoever reads the file has the money; nil when only its owner can.
    static func judgePermissions(_ mode: Int, path: String) -> Finding? {
        guard mode & 0o077 != 0 else { return nil }
        return Finding(
            .wallet,
            .warning,
            "other users of this machine can open \(path)",
            advice: "Make it private: chmod 600 \(path)"
        )
    }

    /// A session needs stake, rent and fees; a provider rent for its account, and fees.
    static func judgeBalance(_ balance: Lamports, of address: Address, isProvider: Bool, isTest: Bool) -> Finding {
        let detail = "\(address) holds \(balance.sol) SOL"
        let needed: Lamports = isProvider ? 20_000_000 : 5_000_000
        guard balance < needed else { return Finding(.wallet, .good, detail) }
        let advice =
            isTest
            ? "Ask for worthless money: chainference wallet airdrop 1sol"
            : "Send at least \(needed.sol) SOL to this address."
        let purpose = isProvider ? "rent and fees take about" : "a small session takes about"
        return Finding(
            .wallet,
            balance == .zero ? .failure : .warning,
            "\(detail); \(purpose) \(needed.sol)",
            advice: advice
        )
    }
}
