import SAECore
import SAEModels

/// An autoencoder whose reconstruction takes the activations' place, and how sparse its latents are.
final class SplicedAutoencoder {
  let sae: SAE
  private var active = 0
  private var tokens = 0

  /// - Parameters:
  ///   - activations: those that it sees.
  ///   - outputWidth: that of the activations in whose place its reconstruction goes.
  /// - Throws: if it does not see activations like these, or reconstructs others.
  init(_ sae: SAE, for activations: any ActivationSource, outputWidth: Int) throws {
    try sae.check(activations)
    guard sae.autoencoder.outputDimension == outputWidth else {
      throw ToolError(
        "\(sae.path): expected reconstructions of width \(outputWidth), found "
          + "\(sae.autoencoder.outputDimension)")
    }
    self.sae = sae
  }

  var path: String { sae.path }
  /// Active latents of a token; nil before there was one.
  var l0: Double? { tokens == 0 ? nil : Double(active) / Double(tokens) }

  func reconstruct(_ activations: Matrix) throws -> Matrix {
    let latents = try sae.autoencoder.encode(activations)
    active += latents.values.count { $0 != 0 }
    tokens += activations.rows
    return try sae.autoencoder.reconstruct(activations, from: latents)
  }
}

/// The output of `loss-recovered`; as JSON, under the field's own names.
struct LossReport: Encodable {
  let model: String
  let hook: String
  let tokens: Int
  let sequences: Int
  let predictions: Int
  let meanOf: String
  let ceClean: Double?
  let ceZero: Double?
  let ceMean: Double?
  let klZero: Double?
  let klMean: Double?
  let autoencoders: [Spliced]
  /// Pairs of inputs of different origins, one line per pair; nil where all have one origin.
  let mismatches: [String]?

  /// The model with one autoencoder in the activations' place.
  struct Spliced: Encodable {
    let sae: String
    let l0: Double?
    let ceSpliced: Double?
    let klSpliced: Double?
    let deltaLoss: Double?
    let lossRecoveredZero: Double?
    let lossRecoveredMean: Double?
    let klScoreZero: Double?
  }

  init?(
    model: String, hook: String, tokens: Int, meanOf: String, mismatches: [String],
    of results: [(autoencoder: SplicedAutoencoder, loss: LossRecovered)]
  ) {
    guard let first = results.first?.loss else { return nil }
    self.model = model
    self.hook = hook
    self.tokens = tokens
    self.meanOf = meanOf
    self.mismatches = mismatches.isEmpty ? nil : mismatches
    sequences = first.sequences
    predictions = first.predictions
    ceClean = first.clean
    ceZero = first.zeroAblated
    ceMean = first.meanAblated
    klZero = first.zeroDivergence
    klMean = first.meanDivergence
    autoencoders = results.map { autoencoder, loss in
      Spliced(
        sae: autoencoder.path, l0: autoencoder.l0, ceSpliced: loss.spliced,
        klSpliced: loss.splicedDivergence, deltaLoss: loss.deltaLoss,
        lossRecoveredZero: loss.lossRecoveredOverZero,
        lossRecoveredMean: loss.lossRecoveredOverMean,
        klScoreZero: loss.divergenceRecoveredOverZero)
    }
  }

  func lines() -> String {
    let head = [
      "\(grouped(Double(predictions))) predictions in \(sequences) sequences, \(hook) of \(model)",
      "mean ablation with the mean of \(meanOf)",
    ]
    func row(
      _ name: String, _ crossEntropy: Double?, _ divergence: Double?, _ spliced: Spliced? = nil
    ) -> [String] {
      let scores = [
        spliced?.lossRecoveredZero, spliced?.lossRecoveredMean, spliced?.klScoreZero,
      ]
      return [name, fixed(crossEntropy, 4), fixed(divergence, 4)]
        + (spliced == nil ? ["", "", ""] : scores.map { fixed($0, 4) })
        + [spliced == nil ? "" : fixed(spliced?.l0, 2)]
    }
    let rows =
      [
        [
          "activations", "cross-entropy", "KL", "recovered (zero)", "recovered (mean)",
          "KL recovered (zero)", "L0",
        ],
        row("as they are", ceClean, 0),
        row("zeros", ceZero, klZero),
        row("their mean", ceMean, klMean),
      ] + autoencoders.map { row($0.sae, $0.ceSpliced, $0.klSpliced, $0) }
    return mismatchLines(mismatches) + (head + [table(rows)]).joined(separator: "\n")
  }
}
