import Foundation

/// Ghost gradients: see ``AuxiliaryLoss/Form/ghost``.
extension AuxiliaryLoss {
  /// Adds the gradients of dead latents and returns the loss's value.
  ///
  /// With a = exp(h) of the dead latents, g = W_decᵀ a, s = ‖r‖ / (2 ‖g‖) of each token and
  /// c = α Σ‖r‖² / Σ‖s g − r‖², the loss is (c / tokens) Σ‖s g − r‖², s, c and r constant.
  ///
  /// Goes over the dead latents a panel at a time; arguments as for
  /// ``addGradients(dead:scores:comparesMagnitudes:decoder:error:target:into:encoderBias:)``.
  func addGhostGradients(
    dead: [Int], scores: LatentScores, decoder: Matrix, error: Matrix,
    into gradients: inout ParameterSet, encoderBias: inout [Float]
  ) -> Double {
    var ghosts = Matrix(rows: error.rows, columns: error.columns)
    forPanels(dead, scores) { latents, activations in
      ghosts.addProduct(activations.view, decoder.gatheringRows(latents).view)
    }
    let scales = zip(error.rowNorms(), ghosts.rowNorms()).map { residual, ghost in
      ghost > 0 ? residual / (2 * ghost) : 0
    }
    // s g − r = s g + error
    var outputs = ghosts
    outputs.scaleRows(by: scales)
    outputs.add(error)
    let (size, ghostSize) = (error.sumOfSquares(), outputs.sumOfSquares())
    guard ghostSize > 0 else { return 0 }
    let factor = coefficient * size / ghostSize / Double(max(1, error.rows))
    outputs.scaleRows(by: scales.map { Float(2 * factor) * $0 })
    forPanels(dead, scores) { latents, activations in
      let rows = decoder.gatheringRows(latents)
      gradients[.decoder].addRows(
        of: Matrix.product(activations.transposed, outputs.view), to: latents)
      var preActivations = Matrix.product(outputs.view, rows.transposed)
      preActivations.combine(activations) { _, _, gradient, activation in gradient * activation }
      gradients[.encoder].addRows(
        of: Matrix.product(preActivations.transposed, scores.activations.view), to: latents)
      for (latent, sum) in zip(latents, preActivations.columnSums()) {
        encoderBias[latent] += Float(sum)
      }
    }
    return factor * ghostSize
  }

  /// Calls `body` with some of the dead latents at a time and their exp(h), tokens × latents.
  private func forPanels(
    _ dead: [Int], _ scores: LatentScores, _ body: ([Int], Matrix) -> Void
  ) {
    let panel = LatentPanels.panelLatents(tokens: scores.activations.rows)
    for first in stride(from: 0, to: dead.count, by: panel) {
      let latents = Array(dead[first..<min(first + panel, dead.count)])
      var activations = Matrix.product(
        scores.activations.view, scores.encoder.gatheringRows(latents).transposed)
      let bias = latents.map { scores.bias[$0] }
      activations.combine(activations) { _, column, h, _ in exp(h + bias[column]) }
      body(latents, activations)
    }
  }
}
