import Foundation
import SAECore
import Testing

@testable import SAEModels

/// The figures that another implementation computed for two autoencoders on real text.
@Suite(.enabled(if: Lab.isPresent))
struct LabLossRecoveredTests {
  struct Figures: Decodable {
    struct Spliced: Decodable {
      let spliced: Double
      let kl: Double
      let recoveredZero: Double
      let recoveredMean: Double
      let l0: Double
    }
    let sequences: Int
    let clean: Double
    let zero: Double
    let zeroKl: Double
    let mean: Double
    let meanKl: Double
    let topk: Spliced
    let jumprelu: Spliced
  }

  @Test func figures() throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let expected = try decoder.decode(
      Figures.self,
      from: Data(contentsOf: URL(fileURLWithPath: Lab.path("expected/loss_recovered.json"))))
    let train = try SafetensorsFile(Lab.path("activations/med_train.safetensors"))
      .tensor("activations").matrix()
    let mean = train.columnSums().map { Float($0 / Double(train.rows)) }
    let tokens = try TokenStream(npy: Lab.path("tokens/med_dev.npy"))
    let run = try LossRecoveredRun(
      Lab.model.get(), at: HookPoint("blocks.4.hook_resid_post"),
      tokens: tokens[0..<expected.sequences * 255], mean: mean)
    let topK = try LabAutoencoder(Lab.path("saes/topk"), k: 32)
    let jumpReLU = try LabAutoencoder(Lab.path("saes/jumprelu"), k: nil)
    let results = try run.evaluate([topK.reconstruct, jumpReLU.reconstruct])
    for (result, figures) in zip(results, [expected.topk, expected.jumprelu]) {
      func compare(_ found: Double?, _ expected: Double, _ name: String) {
        #expect(abs((found ?? .nan) - expected) < 1e-5, "\(name)")
      }
      #expect(result.sequences == expected.sequences)
      #expect(result.predictions == expected.sequences * 255)
      compare(result.clean, expected.clean, "clean")
      compare(result.zeroAblated, expected.zero, "zero")
      compare(result.zeroDivergence, expected.zeroKl, "zeroKl")
      compare(result.meanAblated, expected.mean, "mean")
      compare(result.meanDivergence, expected.meanKl, "meanKl")
      compare(result.spliced, figures.spliced, "spliced")
      compare(result.splicedDivergence, figures.kl, "kl")
      compare(result.recoveredFromZero, figures.recoveredZero, "recoveredZero")
      compare(result.recoveredFromMean, figures.recoveredMean, "recoveredMean")
    }
  }
}

/// An autoencoder of the lab, straight from its formula: SAELens' TopK with scores rescaled by
/// decoder norms, or JumpReLU.
struct LabAutoencoder {
  let encoder: Matrix
  let decoder: Matrix
  let encoderBias: [Float]
  let decoderBias: [Float]
  let thresholds: [Float]
  let k: Int?

  init(_ directory: String, k: Int?) throws {
    let file = try SafetensorsFile("\(directory)/sae_weights.safetensors")
    encoder = try Matrix(file.tensor("W_enc").matrix().transposed)
    decoder = try file.tensor("W_dec").matrix()
    encoderBias = try file.tensor("b_enc").floats()
    decoderBias = try file.tensor("b_dec").floats()
    thresholds = k == nil ? try file.tensor("threshold").floats() : []
    self.k = k
  }

  func encode(_ activations: Matrix) -> SparseLatents {
    let centred = activations.subtractingFromRows(decoderBias)
    guard let k else {
      let all = SparseLatents.largestScores(
        k: encoder.rows, of: centred, encoder: encoder, bias: encoderBias,
        scale: [Float](repeating: 1, count: encoder.rows))
      return all.replacingValues(
        zip(all.indices, all.values).map { $1 > thresholds[Int($0)] ? $1 : 0 })
    }
    let norms = decoder.rowNorms()
    let best = SparseLatents.largestScores(
      k: k, of: centred, encoder: encoder, bias: encoderBias, scale: norms)
    return best.replacingValues(zip(best.indices, best.values).map { $1 / norms[Int($0)] })
  }

  func reconstruct(_ activations: Matrix) -> Matrix {
    encode(activations).decoded(by: decoder, bias: decoderBias)
  }
}
