@testable import ProviderConfiguration

extension FuzzedDecoder {
    static let configuration: [FuzzedDecoder] = [providerConfigurations]

    private static let providerConfigurations = FuzzedDecoder(
        name: "provider's configuration",
        inputs: 5_000,
        samples: {
            [
                """
                cluster: [http://127.0.0.1:8899, https://rpc.example.org]
                wallet: keys/wallet.json
                listen: 0.0.0.0:3819
                advertise: "inference.example.org:4000"
                monitoring: 9464
                backends:
                  ollama: {url: http://127.0.0.1:11434, first-token: 90s, attempts: 2}
                  toy:
                    toy: {tokens-per-second: 100, talks-on: true}
                models:
                  - model: meta-llama/Llama-3.1-8B-Instruct
                    backend: ollama
                    backend-model: llama3.1:8b
                    price: 400_000
                    minimum-charge: 25000
                    limits: {input-tokens: 8000, duration: 5m}
                concurrency: 8
                expected-usage: {input: 100, output: 900}
                claim-delay: 30s
                """,
                """
                backends:
                  toy: {toy: {}}
                models:
                  - {model: org/toy, backend: toy, price: 1}
                """,
            ].map { Array($0.utf8) }
        },
        tokens: [
            ": ", "\n", "\n  - ", "- ", "&a ", "*a", "[*a, *a]", "<<: *a", "{", "}", "[", "]", "!!binary ", "|\n",
            ">\n", "\t", "'",
            "\"", "\\x00", "#", "---\n", "...\n", "? ", "~", "null", "1e999", "0x7fffffffffffffff",
            "99999999999999999999d", "é",
        ],
        decode: {
            { input in
                let text = String(decoding: input, as: UTF8.self)
                return (try? ProviderConfigurationFile(parsing: text, path: "/p/provider.yaml", environment: [:]))
                    != nil
            }
        }
    )
}
