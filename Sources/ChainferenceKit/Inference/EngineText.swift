/// Text that an engine said about itself, cut down to what may stand in an error.
enum EngineText {
    /// At most 300 characters, on one line, without control characters.
    static func shortened(_ text: String) -> String {
        var result = ""
        var wasBlank = true
        var count = 0
        for character in text.unicodeScalars {
            let isBlank = character.properties.isWhitespace || character.value < 0x20 || character.value == 0x7f
            if isBlank {
                if !wasBlank { result.unicodeScalars.append(" ") }
            } else if character.properties.generalCategory != .control, character.properties.generalCategory != .format
            {
                result.unicodeScalars.append(character)
            }
            wasBlank = isBlank
            count += 1
            if count == 300 {
                result += "…"
                break
            }
        }
        return result.last == " " ? String(result.dropLast()) : result
    }

    /// What a body that should have been JSON was instead: an HTML page's title, or the text itself.
    static func describe(body: [UInt8]) -> String {
        let text = String(decoding: body.prefix(4_096), as: UTF8.self)
        let lowercase = text.lowercased()
        guard lowercase.contains("<html") || lowercase.hasPrefix("<!doctype") else {
            let shortened = shortened(text)
            return shortened.isEmpty ? "no explanation" : shortened
        }
        guard let start = text.range(ofASCII: "<title>"), let end = text.range(ofASCII: "</title>"),
            start.upperBound < end.lowerBound
        else { return "an HTML page" }
        return "an HTML page, \"\(shortened(String(text[start.upperBound..<end.lowerBound])))\""
    }
}

extension String {
    /// Finds ASCII text in either case.
    fileprivate func range(ofASCII needle: String) -> Range<String.Index>? {
        let haystack = Array(utf8)
        let needle = Array(needle.utf8)
        guard haystack.count >= needle.count else { return nil }
        for start in 0...(haystack.count - needle.count)
        where haystack[start..<(start + needle.count)].elementsEqual(needle, by: { $0 | 0x20 == $1 | 0x20 }) {
            let lower = utf8.index(startIndex, offsetBy: start)
            return lower..<utf8.index(lower, offsetBy: needle.count)
        }
        return nil
    }
}
