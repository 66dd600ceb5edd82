import SAECore
import SAETestSupport
import Testing

@testable import SAEMetrics

@Suite struct DictionaryGeometryTests {
  @Test func agreesWithFixtures() throws {
    try forEachCase("geometry") { fixture in
      let geometry = try DictionaryGeometry(
        decoder: fixture.matrix("decoder"), encoder: fixture.matrix("encoder"))
      let encoder = try #require(geometry.encoder)
      fixture.check {
        switch $0 {
        case "max_decoder_cosine": geometry.maximumDecoderCosines
        case "mean_max_decoder_cosine": geometry.meanMaximumDecoderCosine
        case "mean_max_encoder_cosine": encoder.meanMaximumEncoderCosine
        case "mean_max_absolute_decoder_cosine": geometry.meanMaximumAbsoluteDecoderCosine
        case "mean_squared_off_diagonal_cosine": geometry.meanSquaredOffDiagonalCosine
        case "redundant_latents_0.5": geometry.redundantLatents(threshold: 0.5).count
        case "redundant_latents_0.9": geometry.redundantLatents(threshold: 0.9).count
        case "antipodality": encoder.antipodalities
        case "antipodal_pairs": encoder.antipodalPairs
        case "encoder_decoder_cosine": encoder.encoderDecoderCosines
        case "encoder_norm": encoder.encoderNorms
        case "decoder_norm": geometry.decoderNorms
        case "participation_ratio": geometry.participationRatio
        default: Unmeasured()
        }
      }
    }
  }

  /// d₀ = (2, 0), d₁ = (−3, 0), d₂ = (0, 1). Cosines: 0–1: −1, the others 0. cos² off the diagonal:
  /// two of six are 1. Singular values squared: 4 + 9 and 1: (14)² / (169 + 1) = 196 / 170.
  @Test func handCase() throws {
    let decoder = Matrix(rows: 3, columns: 2, values: [2, 0, -3, 0, 0, 1])
    let geometry = try DictionaryGeometry(decoder: decoder, encoder: decoder)
    #expect(geometry.decoderNorms == [2, 3, 1])
    #expect(geometry.maximumDecoderCosines == [0, 0, 0])
    #expect(agree(geometry.meanMaximumAbsoluteDecoderCosine, 2.0 / 3, 1e-15))
    #expect(agree(geometry.meanSquaredOffDiagonalCosine, 1.0 / 3, 1e-15))
    #expect(agree(geometry.participationRatio, 196.0 / 170, 1e-15))
    let encoder = try #require(geometry.encoder)
    #expect(encoder.antipodalities == [1, 1, 0])
    #expect(encoder.antipodalPairs == [[0, 1]])
    #expect(encoder.encoderDecoderCosines == [1, 1, 1])
    #expect(geometry.redundantLatents(threshold: -0.5) == [0, 1, 2])
  }

  /// Panels end where they should: more rows than one panel holds.
  @Test func panelsCoverAllPairs() throws {
    var generator = SeededGenerator(21)
    let count = CosinePanels.rows + 3
    let decoder = generator.matrix(count, 3)
    let geometry = try DictionaryGeometry(decoder: decoder)
    let unit = UnitRows(decoder).rows
    for latent in [0, 1, 511, count - 2, count - 1] {
      let largest = (0..<count).filter { $0 != latent }.map { other in
        (0..<3).reduce(0.0) { $0 + Double(unit[latent, $1]) * Double(unit[other, $1]) }
      }.max()
      #expect(agree(geometry.maximumDecoderCosines[latent], largest, 1e-6))
    }
    let similarity = try DictionarySimilarity(decoder, decoder)
    #expect(similarity.maximumCosines.allSatisfy { agree($0, 1, 1e-6) })
    #expect(similarity.reverseMaximumCosines.allSatisfy { agree($0, 1, 1e-6) })
    #expect(geometry.encoder == nil)
  }
}
