import SAECore
import SAETestSupport
import Testing

@testable import SAEMetrics

@Suite struct DescriptionLengthMetricsTests {
  static func accumulate(
    _ latents: SparseLatents, _ quantization: LatentQuantization, cuts: [Range<Int>]
  ) throws -> DescriptionLengthMetrics {
    var metrics = DescriptionLengthMetrics(
      latentCount: latents.latentCount, quantization: quantization)
    for range in cuts { try metrics.update(EncodedBatch(latents: latents[tokens: range])) }
    return metrics
  }

  static func ranges(_ latents: SparseLatents) throws -> LatentRanges {
    var ranges = LatentRanges(latentCount: latents.latentCount)
    try ranges.update(EncodedBatch(latents: latents))
    return ranges
  }

  @Test func agreesWithFixtures() throws {
    try forEachCase("description_length") { fixture in
      let latents = SparseLatents(dense: try fixture.matrix("latents"))
      let quantization: LatentQuantization =
        if let bins = fixture.parameters["bins"]?.integer {
          .bins(bins, try Self.ranges(latents))
        } else {
          .width(try #require(fixture.parameters["width"]?.number))
        }
      let value = try Self.accumulate(latents, quantization, cuts: [0..<latents.tokens]).value
      func error(_ latents: SparseLatents) throws -> Double? {
        let decoder = try fixture.matrix("decoder")
        let bias = try fixture.tensor("decoder_bias").floats()
        let product = latents.dense().multiplied(by: decoder)
        let reconstruction = Matrix(rows: product.rows, columns: product.columns) {
          product[$0, $1] + bias[$1]
        }
        var metrics = ReconstructionMetrics(width: decoder.columns)
        try metrics.update(
          EncodedBatch(activations: fixture.matrix("activations"), reconstruction: reconstruction))
        return metrics.value.meanSquaredError
      }
      try fixture.check {
        switch $0 {
        case "gate_bits": value.gateBits
        case "value_bits": value.valueBits
        case "description_length": value.bitsPerToken
        case "mse": try error(latents)
        case "mse_quantised": try error(quantization.quantizing(latents))
        default: Unmeasured()
        }
      }
    }
  }

  /// Half of eight tokens hold 1, 2, 3, 4: one bit for firing, 0.5 · 2 bits for the value.
  @Test func handCase() throws {
    let latents = try SparseLatents(
      latentCount: 1, rowOffsets: [0, 1, 2, 3, 4, 4, 4, 4, 4], indices: [0, 0, 0, 0],
      values: [1, 2, 3, 4])
    let value = try Self.accumulate(latents, .width(1), cuts: [0..<8]).value
    #expect(value.gateBits == [1] && value.valueBits == [1] && value.bitsPerToken == 2)
    // Two bins from 1 to 4 have their middles at 1.75 and 3.25.
    let quantized = LatentQuantization.bins(2, try Self.ranges(latents)).quantizing(latents)
    #expect(quantized.values == [1.75, 1.75, 3.25, 3.25])
  }

  @Test func orderAndSplitOfTokensDoNotMatter() throws {
    var generator = SeededGenerator(51)
    let latents = generator.latents(200, 6)
    let quantization = LatentQuantization.bins(8, try Self.ranges(latents))
    let whole = try Self.accumulate(latents, quantization, cuts: [0..<200]).value
    let order = Array(0..<200).shuffled(using: &generator)
    let reordered = try SparseLatents.concatenating(
      order.map { latents[tokens: $0..<$0 + 1] })
    let cuts = randomCuts(200, &generator)
    #expect(try Self.accumulate(reordered, quantization, cuts: cuts).value == whole)
    var merged = DescriptionLengthMetrics(latentCount: 6, quantization: quantization)
    var mergedRanges = LatentRanges(latentCount: 6)
    for range in cuts.reversed() {
      try merged.merge(Self.accumulate(latents, quantization, cuts: [range]))
      try mergedRanges.merge(Self.ranges(latents[tokens: range]))
    }
    #expect(merged.value == whole)
    #expect(try mergedRanges == Self.ranges(latents))
    #expect(throws: ShapeError.self) { try mergedRanges.merge(LatentRanges(latentCount: 5)) }
  }

  /// Decodes by a matrix, and encodes nothing.
  struct LinearDecoder: SparseAutoencoder {
    let decoder: Matrix
    var inputDimension: Int { decoder.columns }
    var latentCount: Int { decoder.rows }

    func encode(_ activations: Matrix) throws(ShapeError) -> SparseLatents {
      SparseLatents(dense: Matrix(rows: activations.rows, columns: latentCount))
    }

    func reconstruct(
      _ activations: Matrix, from latents: SparseLatents
    ) throws(ShapeError) -> Matrix {
      latents.dense().multiplied(by: decoder)
    }
  }

  /// More bins, more bits and less error: the search takes the first that is exact enough.
  @Test func shortestCodeIsTheFirstThatIsExactEnough() throws {
    var generator = SeededGenerator(52)
    let latents = generator.latents(100, 5)
    let decoder = generator.matrix(5, 4)
    let noise = generator.matrix(100, 4)
    let exact = latents.dense().multiplied(by: decoder)
    let activations = Matrix(rows: 100, columns: 4) { exact[$0, $1] + 0.1 * noise[$0, $1] }
    let whole = try EncodedBatch(
      activations: activations, latents: latents, reconstruction: exact)
    let batches = [whole[tokens: 0..<60], whole[tokens: 60..<100]]
    func search(_ tolerance: Double) throws -> DescriptionLengthMetrics.Code? {
      try DescriptionLengthMetrics.shortestCode(
        of: LinearDecoder(decoder: decoder), batches, tolerance: tolerance)
    }
    let coarse = try #require(try search(1))
    let fine = try #require(try search(0.01))
    #expect(coarse.bins < fine.bins && coarse.bitsPerToken < fine.bitsPerToken)
    #expect(fine.quantizedMeanSquaredError <= 1.01 * fine.meanSquaredError)
    #expect(coarse.quantizedMeanSquaredError > fine.quantizedMeanSquaredError)
    #expect(try search(-0.5) == nil)
  }

  @Test func undefinedAndNotFinite() throws {
    #expect(
      DescriptionLengthMetrics(latentCount: 1, quantization: .width(1)).value.bitsPerToken == nil)
    let latents = try SparseLatents(
      latentCount: 1, rowOffsets: [0, 1, 2], indices: [0, 0], values: [.infinity, 1])
    let value = try Self.accumulate(latents, .width(1), cuts: [0..<2]).value
    #expect(value.nonFiniteTokens == 1 && value.bitsPerToken?.isNaN == true)
  }
}
