import ChainferenceKit
import CurlHTTP
import Foundation
import Inference

extension ConfigurationReading {
    /// A backend and its name in the file.
    struct NamedBackend {
        let name: Provider.BackendName
        let backend: any InferenceBackend
    }

    /// The backends, in the order of the file.
    func backends() -> [NamedBackend] {
        guard root.has("backends"), let section = root.section("backends") else {
            if !root.has("backends") {
                root.fault("backends", "“backends” is missing: name at least one engine that answers.")
            }
            return []
        }
        let names = section.names()
        if names.isEmpty { section.fault("", "“backends” is empty: name at least one engine that answers.") }
        return names.compactMap { name, _ in
            guard let entry = section.section(name) else { return nil }
            defer { entry.finish() }
            return backend(entry, named: name).map { NamedBackend(name: .init(rawValue: name), backend: $0) }
        }
    }

    private func backend(_ section: ConfigurationSection, named name: String) -> (any InferenceBackend)? {
        let kinds = ["url", "command", "toy"].filter(section.has)
        guard kinds.count == 1 else {
            section.fault(
                kinds.last ?? "",
                "The backend “\(name)” needs exactly one of “url” (an OpenAI-compatible server), “command” (a program that is "
                    + "run for each answer) and “toy” (the embedded toy)."
            )
            // What else stands here belongs to one of them.
            for key in ["api-key-file", "api-key-variable", "models", "first-token", "next-token", "whole-answer"] {
                _ = section.has(key)
            }
            return nil
        }
        switch kinds[0] {
        case "url": return server(section)
        case "command": return command(section)
        default: return toy(section)
        }
    }

    private func server(_ section: ConfigurationSection) -> (any InferenceBackend)? {
        let url = section.value("url", "the address of a server, such as http://127.0.0.1:11434") { text in
            text.hasPrefix("http://") || text.hasPrefix("https://") ? text : nil
        }
        var limits = OpenAICompatibleBackend.Limits()
        let time = "a time such as 30s or 2m"
        if let value = section.value("first-token", time, ConfigurationValue.duration) { limits.firstToken = value }
        if let value = section.value("next-token", time, ConfigurationValue.duration) { limits.nextToken = value }
        if let value = section.value("whole-answer", time, ConfigurationValue.duration) { limits.wholeAnswer = value }
        if let value = section.value("attempts", "from 1 to 10", ConfigurationValue.count(from: 1, to: 10)) {
            limits.attempts = Int(value)
        }
        let key = apiKey(section)
        let plaintext = section.value("allow-plaintext", "true or false", ConfigurationValue.truth) ?? false
        guard let url else { return nil }
        return OpenAICompatibleBackend(
            baseURL: url,
            apiKey: key,
            limits: limits,
            client: plaintext ? HTTPClient(configuration: .init(allowsPlaintext: true)) : .shared
        )
    }

    /// A key is never in the file itself, which people show around.
    private func apiKey(_ section: ConfigurationSection) -> String? {
        let file = section.value("api-key-file", "the path of a file that holds the key") { path($0) }
        let variable = section.value("api-key-variable", "the name of an environment variable") { $0 }
        if let file {
            let text = FileManager.default.contents(atPath: file).flatMap { String(validating: $0, as: UTF8.self) }
            let key = text?.trimmingCharacters(in: .whitespacesAndNewlines)
            guard let key, !key.isEmpty else {
                section.fault("api-key-file", "The file can't be read, or holds no key.")
                return nil
            }
            return key
        }
        guard let variable else { return nil }
        guard let key = environment[variable], !key.isEmpty else {
            section.fault("api-key-variable", "The environment has no variable of this name, or it is empty.")
            return nil
        }
        return key
    }

    private func command(_ section: ConfigurationSection) -> (any InferenceBackend)? {
        let words = section.texts("command", "a program and its arguments, such as [/usr/bin/engine, --quiet]")
        if !section.has("models") {
            section.fault("command", "“models” is missing: say which model names the command answers for.")
        }
        let models = section.texts("models", "a list of model names")
        var limits = ProcessBackend.Limits()
        let time = "a time such as 30s or 2m"
        if let value = section.value("first-token", time, ConfigurationValue.duration) { limits.firstToken = value }
        if let value = section.value("next-token", time, ConfigurationValue.duration) { limits.nextToken = value }
        if let value = section.value("whole-answer", time, ConfigurationValue.duration) { limits.wholeAnswer = value }
        if let value = section.value("processes", "from 1 to 256", ConfigurationValue.count(from: 1, to: 256)) {
            limits.processes = Int(value)
        }
        let inputs = ProcessBackend.Input.allCases.map(\.rawValue).joined(separator: ", ")
        let input = section.value("input", "one of \(inputs)", ProcessBackend.Input.init(rawValue:))
        let outputs = ProcessBackend.Output.allCases.map(\.rawValue).joined(separator: ", ")
        let output = section.value("output", "one of \(outputs)", ProcessBackend.Output.init(rawValue:))
        let workingDirectory = section.value("working-directory", "the path of a folder") { path($0) }
        guard let words, let models else { return nil }
        return ProcessBackend(
            models: models.map(\.text),
            command: .init(
                words[0].text,
                arguments: words.dropFirst().map(\.text),
                workingDirectory: workingDirectory
            ),
            input: input ?? .transcript,
            output: output ?? .text,
            limits: limits
        )
    }

    private func toy(_ section: ConfigurationSection) -> (any InferenceBackend)? {
        guard let toy = section.section("toy") else { return nil }
        defer { toy.finish() }
        let rate = toy.value("tokens-per-second", "a number above 0", ConfigurationValue.rate)
        let talksOn = toy.value("talks-on", "true or false", ConfigurationValue.truth) ?? false
        return NGramBackend(tokensPerSecond: rate ?? 60, stopsByItself: !talksOn)
    }
}
