import SAETestSupport
import Testing

@testable import SAECore

/// SAELens' modes on a standard autoencoder, and dictionary_learning's factor.
@Suite struct NormalizationFixtureTests {
  /// Sums of 12 or 20 numbers in float32.
  let bound = 16 * Double(Float.ulpOfOne)

  func files() throws -> [SafetensorsFile] {
    try MachineryFixtures.files("normalisation.safetensors").map { path in
      print(path)
      return try SafetensorsFile(path)
    }
  }

  func statistics(_ file: SafetensorsFile) throws -> ActivationStatistics {
    let names = file.tensors.map(\.name).filter { $0.hasPrefix("batch") }.sorted()
    #expect(names.count > 1)
    return try ActivationNormalizationTests.statistics(names.map { try file.matrix($0) })
  }

  @Test func factors() throws {
    for file in try files() {
      let statistics = try statistics(file)
      let batch = try file.matrix("batch0")
      guard
        case .factor(let factor) = try ActivationNormalization.expectedAverageOnlyIn.scaling(
          fittedTo: statistics),
        case .factor(let inverse) = try ActivationNormalization.unitMeanSquaredNorm.scaling(
          fittedTo: statistics)
      else {
        Issue.record("not a factor")
        continue
      }
      #expect(
        relativeDifference(
          [factor], try file.doubles("expected_average_only_in.scaling_factor")) < bound)
      #expect(
        relativeDifference([1 / inverse], try file.doubles("dictionary_learning.norm_factor"))
          < bound)
      #expect(
        relativeDifference(
          try ActivationScaling.factor(factor).scale(batch).activations.array,
          try file.floats("expected_average_only_in.scaled_batch0")) < bound)
    }
  }

  @Test func modesInsideTheAutoencoder() throws {
    for file in try files() {
      let autoencoder = DenseAutoencoder(
        kind: .standard, parameters: try file.parameters("sae."))
      let batch = try file.matrix("batch0")
      let prefixes = file.tensors.map(\.name).filter { $0.hasSuffix(".normalised_batch0") }
        .map { String($0.dropLast(".normalised_batch0".count)) }
      #expect(prefixes.count >= 3)
      for prefix in prefixes {
        print(prefix)
        let mode = try #require(ActivationNormalization(rawValue: prefix))
        let scaled = try mode.scaling().scale(batch)
        #expect(
          relativeDifference(
            scaled.activations.array, try file.floats("\(prefix).normalised_batch0")) < bound)
        let pass = autoencoder.run(scaled.activations)
        #expect(
          relativeDifference(pass.latents, try file.floats("\(prefix).latents")) < bound)
        let reconstruction = Matrix(
          rows: batch.rows, columns: batch.columns, values: pass.reconstruction)
        #expect(
          relativeDifference(
            try scaled.restored(reconstruction).array, try file.floats("\(prefix).recon")) < bound)
      }
    }
  }

  @Test func whitening() throws {
    for file in try files() {
      let statistics = try statistics(file)
      let whitening = try Whitening(statistics)
      let n = statistics.dimension
      #expect(relativeDifference(whitening.mean, try file.doubles("whitening.mean")) < 1e-7)
      let expected = try file.doubles("whitening.matrix")
      let inverse = try file.doubles("whitening.inverse_matrix")
      let whitened = try file.doubles("whitening.whitened_batch0")
      let found = whitening.applied(to: try file.matrix("batch0"))
      for column in 0..<n {
        let mine = (0..<n).map { whitening.matrix[$0 * n + column] }
        let theirs = (0..<n).map { expected[$0 * n + column] }
        // An eigenvector's sign is free.
        let sign: Double = zip(mine, theirs).reduce(0) { $0 + $1.0 * $1.1 } < 0 ? -1 : 1
        #expect(relativeDifference(mine.map { sign * $0 }, theirs) < 1e-9)
        #expect(
          relativeDifference(
            (0..<n).map { sign * whitening.inverse[column * n + $0] },
            Array(inverse[(column * n)..<((column + 1) * n)])) < 1e-9)
        #expect(
          relativeDifference(
            (0..<found.rows).map { sign * Double(found[$0, column]) },
            (0..<found.rows).map { whitened[$0 * n + column] }) < 1e-5)
      }
    }
  }
}
