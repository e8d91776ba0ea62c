import Foundation

/// Attacks that recognise a known text from captures of earlier runs.
///
/// Both see everything that ``WireCapture`` holds. They are no state of the art; that they find nearly every text where
/// nothing is hidden is what shows that they are good enough to mean something where they find none.
enum WireAttack: CaseIterable {
    /// The nearest neighbour among all captures of the training runs, by sizes and pauses, record by record.
    case nearestNeighbour
    /// The nearest mean of a text's training runs, by sizes, pauses and bytes over time, each weighed by how little it varies
    /// from run to run (linear discriminant with a diagonal covariance).
    case linearDiscriminant

    /// The rate at which texts are found.
    ///
    /// - Parameters:
    ///   - training: For each text, captures of some runs.
    ///   - tests: For each text, captures of other runs.
    /// - Returns: How many of the tests' captures are ascribed to their text, of all.
    func rate(training: [[WireCapture]], tests: [[WireCapture]]) -> Double {
        let length = training.joined().map { max($0.fromServer.count, $0.fromClient.count) }.max() ?? 0
        let limits = (server: min(length, 320), client: min(length, 64))
        func features(_ capture: WireCapture) -> [Float] {
            Self.sequences(capture, limits) + (self == .linearDiscriminant ? Self.flow(capture) : [])
        }
        let known = training.map { $0.map(features) }
        let weights = Self.weights(known)
        var references: [(text: Int, features: [Float])] = []
        for (text, runs) in known.enumerated() {
            switch self {
            case .nearestNeighbour: references += runs.map { (text, $0) }
            case .linearDiscriminant:
                let mean = runs[0].indices.map { index in runs.reduce(0) { $0 + $1[index] } / Float(runs.count) }
                references.append((text, mean))
            }
        }
        var found = 0
        for (text, runs) in tests.enumerated() {
            for run in runs where Self.nearest(features(run), references, weights) == text { found += 1 }
        }
        return Double(found) / Double(tests.reduce(0) { $0 + $1.count })
    }

    /// Sizes and pauses in both directions, padded with zeros.
    private static func sequences(_ capture: WireCapture, _ limits: (server: Int, client: Int)) -> [Float] {
        var features: [Float] = []
        for (records, limit) in [(capture.fromServer, limits.server), (capture.fromClient, limits.client)] {
            var sizes = records.prefix(limit).map { Float($0.size) }
            var pauses = zip(records.prefix(limit), records.prefix(limit).dropFirst()).map { before, after in
                // Long pauses count by their order of magnitude.
                Float(log2(1 + (after.milliseconds - before.milliseconds)))
            }
            sizes += [Float](repeating: 0, count: limit - sizes.count)
            pauses += [Float](repeating: 0, count: limit - pauses.count)
            features += sizes + pauses
        }
        return features + [
            Float(capture.fromServer.count), Float(capture.fromClient.count), Float(capture.milliseconds),
        ]
    }

    /// Bytes from the server up to each of 128 moments, 100 ms apart.
    private static func flow(_ capture: WireCapture) -> [Float] {
        var bytes = [Float](repeating: 0, count: 128)
        for record in capture.fromServer {
            let index = Int(record.milliseconds / 100)
            if index < bytes.count { bytes[index] += Float(record.size) }
        }
        var sum: Float = 0
        return bytes.map { amount in
            sum += amount
            return sum
        }
    }

    /// One over the deviation of each feature within the runs of a text, pooled over all texts; at least a small part of its
    /// deviation over everything, so that a feature that never changes within a text does not become infinitely heavy.
    private static func weights(_ known: [[[Float]]]) -> [Float] {
        let count = known[0][0].count
        let all = Array(known.joined())
        return (0..<count).map { index in
            let mean = all.reduce(0) { $0 + $1[index] } / Float(all.count)
            let overall = all.reduce(0) { $0 + abs($1[index] - mean) } / Float(all.count)
            guard overall > 0 else { return 0 }
            let within = known.reduce(Float(0)) { sum, runs in
                let mean = runs.reduce(0) { $0 + $1[index] } / Float(runs.count)
                return sum + runs.reduce(0) { $0 + abs($1[index] - mean) } / Float(runs.count)
            }
            return 1 / max(within / Float(known.count), overall / 20)
        }
    }

    private static func nearest(
        _ sample: [Float],
        _ references: [(text: Int, features: [Float])],
        _ weights: [Float]
    ) -> Int? {
        // What never varies says nothing; what remains is compared until it is too far.
        let used = weights.indices.filter { weights[$0] > 0 }
        var best: (text: Int?, distance: Float) = (nil, .infinity)
        for reference in references {
            var distance: Float = 0
            sample.withUnsafeBufferPointer { sample in
                reference.features.withUnsafeBufferPointer { other in
                    for index in used {
                        distance += abs(sample[index] - other[index]) * weights[index]
                        if distance >= best.distance { break }
                    }
                }
            }
            if distance < best.distance { best = (reference.text, distance) }
        }
        return best.text
    }
}
