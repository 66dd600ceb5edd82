/// A step on panels of latents, for a batch whose latents are many: as when training begins with biases
/// and thresholds of 0, where half of all pre-activations are above them.
extension ThresholdingStep {
  mutating func run(over panels: LatentPanels, into gradients: inout ParameterSet) -> TrainingPass {
    let count = Unit.reconstructions.count
    var kept = KeptPanels(gradients.takeWeights())
    var forward = PanelForward(codes: count, batch, width: model.outputDimension)
    var penalty = model.configuration.activationPenalty.map {
      AnnealedPanelPenalty(
        $0, annealing, norms: norms, tokens: batch.activations.rows, latents: model.latentCount)
    }
    goForward(panels, &kept, &forward, &penalty)
    penalty?.note(in: &annealing)
    let squares = forward.errors.indices.map { forward.weigh($0, batch, model) }
    let slope = Float(2 * factor)
    let (errorSlope, productSlope): (Float?, Float?) =
      Unit.scalesProducts ? (nil, slope) : (slope, nil)
    if let errorSlope { for code in 0..<count { forward.errors[code].scale(by: errorSlope) } }
    let activity = LatentActivity(
      tokens: batch.activations.rows, activeTokens: forward.counts[0],
      selectedTokens: forward.counts[Unit.penalizedCode])
    let outputs = forward.errors.map { PackedFactor($0) }
    settle(panels, &kept, outputs[0], activity, productSlope)
    let normSums = goBackward(panels, &kept, forward, penalty, outputs, productSlope)
    gradients.putWeights(&kept)
    if !norms.isEmpty {
      gradients.addNormGradients(normSums, norms: norms, decoder: model.decoder)
    }
    let reconstructions = zip(squares, forward.errors).map {
      Reconstruction(squares: $0, outputSums: $1.columnSums())
    }
    if errorSlope != nil, factor > 0 { forward.errors[0].scale(by: Float(1 / (2 * factor))) }
    let (losses, deadCount) = finish(
      reconstructions, outputSlope: Double(productSlope ?? 1), error: forward.errors[0],
      penalty: penalty.map { coefficient * $0.value }, activity: activity, into: &gradients)
    return TrainingPass(
      losses: losses, activity: activity, totalSquaredError: squares[0].total,
      deadCount: deadCount)
  }

  /// The first round: codes, their counts and sums, and the reconstructions.
  private mutating func goForward(
    _ panels: LatentPanels, _ kept: inout KeptPanels, _ forward: inout PanelForward,
    _ penalty: inout AnnealedPanelPenalty?
  ) {
    let decoder = model.decoder
    var elements = PanelElements(codes: forward.errors.count)
    panels.forEach(keepingIn: &kept) { range, products in
      elements.take(&products, range)
      unit.makeCodes(of: &elements.hidden, &elements.codes)
      unit.observe(elements.hidden, elements.codes)
      penalty?.add(elements.codes[Unit.penalizedCode].panel, range)
      for (index, code) in elements.codes.enumerated() {
        forward.counts[index] += code.panel.nonZeroCounts()
        forward.errors[index].addProduct(
          code.panel.view, nonZeros: forward.counts[index][range].reduce(0, +),
          decoder[rows: range])
      }
      elements.giveBack(&products)
    }
  }

  /// Lets the unit go over all elements between the rounds, if it asks for it.
  private mutating func settle(
    _ panels: LatentPanels, _ kept: inout KeptPanels, _ outputs: PackedFactor,
    _ activity: LatentActivity, _ productSlope: Float?
  ) {
    let (decoder, bias) = (model.decoder, unit.bias)
    unit.settle(batch, activity) { body in
      var elements = PanelElements(codes: 0)
      var gradient = LatentElements()
      panels.forEach(keptIn: &kept) { range, products, _ in
        elements.take(&products, range)
        elements.hidden.addBias(bias)
        gradient.setProduct(outputs, decoder, productSlope, like: elements.hidden)
        body(elements.hidden, &gradient)
        elements.giveBack(&products)
      }
    }
  }

  /// The second round: the gradients of both weight matrices, and the sums over tokens.
  ///
  /// - Returns: the penalty's gradient of each latent's norm.
  private mutating func goBackward(
    _ panels: LatentPanels, _ kept: inout KeptPanels, _ forward: PanelForward,
    _ penalty: AnnealedPanelPenalty?, _ outputs: [PackedFactor], _ productSlope: Float?
  ) -> [Double] {
    let (decoder, trainingCodes) = (model.decoder, trainingCodes)
    var normSums: [Double] = []
    var elements = PanelElements(codes: outputs.count)
    var gradients = outputs.map { _ in LatentElements() }
    panels.forEach(keptIn: &kept) { range, products, kept in
      elements.take(&products, range)
      unit.makeCodes(of: &elements.hidden, &elements.codes)
      for index in outputs.indices {
        gradients[index].setProduct(
          outputs[index], decoder, productSlope, like: elements.codes[index])
      }
      if let penalty {
        normSums += penalty.addGradients(
          of: elements.codes[Unit.penalizedCode].panel, range, coefficient: Float(coefficient),
          to: &gradients[Unit.penalizedCode].panel)
      }
      for code in trainingCodes {
        if let productSlope { elements.codes[code].scale(by: productSlope) }
        kept.setDecoderRows(
          range, elements.codes[code].panel,
          nonZeros: forward.counts[code][range].reduce(0, +), forward.errors[code],
          accumulate: code > 0)
      }
      unit.passGradients(&elements.hidden, &elements.codes, &gradients)
      kept.setEncoderRows(
        range, gradients[0].panel, nonZeros: kept.entryCount(of: range), panels.inputs)
      elements.giveBack(&products)
    }
    return normSums
  }
}

/// The results of the first round: for each code how many tokens have each latent, and the error of its
/// reconstruction.
private struct PanelForward {
  var counts: [[Int]]
  var errors: [Matrix]

  init(codes: Int, _ batch: TrainingBatch, width: Int) {
    counts = Array(repeating: [], count: codes)
    errors = (0..<codes).map { _ in Matrix(rows: batch.target.rows, columns: width) }
  }

  /// Makes an error of a code's sum of decoder rows, times the tokens' weights, and returns the sums of
  /// its squares.
  mutating func weigh(
    _ code: Int, _ batch: TrainingBatch, _ model: some ThresholdingAutoencoder
  ) -> ErrorSquares {
    errors[code].addToRows(model.parameters[.decoderBias].array)
    errors[code].add(batch.target, times: -1)
    return errors[code].weigh(by: batch.errorWeights)
  }
}

/// The elements of a panel, whose memory is used again for the next.
private struct PanelElements {
  var hidden = LatentElements()
  var codes: [LatentElements]

  init(codes count: Int) { codes = (0..<count).map { _ in LatentElements() } }

  mutating func take(_ products: inout Matrix, _ latents: Range<Int>) {
    swap(&hidden.panel, &products)
    hidden.latents = latents
    for index in codes.indices { codes[index].latents = latents }
  }

  /// Gives the panel back, or the one that a code exchanged for it.
  mutating func giveBack(_ products: inout Matrix) {
    if hidden.panel.count == 0, !codes.isEmpty { swap(&hidden.panel, &codes[0].panel) }
    swap(&hidden.panel, &products)
  }
}

extension LatentElements {
  /// Overwrites a panel with the products of an output's gradient and decoder rows, times a factor.
  fileprivate mutating func setProduct(
    _ outputs: PackedFactor, _ decoder: Matrix, _ factor: Float?, like other: LatentElements
  ) {
    takeShape(of: other)
    panel.setProduct(outputs, decoder[rows: latents].transposed)
    if let factor { panel.scale(by: factor) }
  }
}
