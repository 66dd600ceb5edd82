import Foundation
import SAECore
import SAETestSupport
import Testing

@testable import SAEModels

/// The figures that another implementation computed for two autoencoders on real text: to 1e-5 nats, as
/// a latent that lies at its threshold, or at the k-th place, to within a rounding may go either way, and
/// one token's loss weighs 5e-5 of a mean over 20 400.
@Suite(withLab)
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
    let all = [("topk", expected.topk), ("jumprelu", expected.jumprelu)]
    let autoencoders = try all.map { name, _ in
      let path = Lab.path("saes/\(name)")
      return try SAEArchive.read(path).archive.autoencoder()
    }
    var active = [0, 0]
    let results = try run.evaluate(
      autoencoders.indices.map { index in
        { activations in
          let (latents, reconstruction) = try autoencoders[index].run(activations)
          active[index] += latents.values.count { $0 != 0 }
          return reconstruction
        }
      })
    for (index, result) in results.enumerated() {
      let figures = all[index].1
      func compare(_ found: Double?, _ expected: Double, _ name: String) {
        #expect(abs((found ?? .nan) - expected) < 1e-5, "\(name): \(found ?? .nan)")
      }
      #expect(result.sequences == expected.sequences)
      #expect(result.predictions == expected.sequences * 255)
      compare(Double(active[index]) / Double(result.predictions), figures.l0, "l0")
      compare(result.clean, expected.clean, "clean")
      compare(result.zeroAblated, expected.zero, "zero")
      compare(result.zeroDivergence, expected.zeroKl, "zeroKl")
      compare(result.meanAblated, expected.mean, "mean")
      compare(result.meanDivergence, expected.meanKl, "meanKl")
      compare(result.spliced, figures.spliced, "spliced")
      compare(result.splicedDivergence, figures.kl, "kl")
      compare(result.lossRecoveredOverZero, figures.recoveredZero, "recoveredZero")
      compare(result.lossRecoveredOverMean, figures.recoveredMean, "recoveredMean")
    }
  }
}
