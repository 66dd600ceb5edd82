import SAECore
import SAETestSupport
import Testing

/// Gradients of selecting autoencoders against central differences of their losses in double, over
/// random shapes. Which scores are selected, and what counts as constant, is held fixed.
@Suite struct SelectionGradientTests {
  /// A small autoencoder and batch.
  struct Shape {
    let (tokens, width, outputWidth, latents, k): (Int, Int, Int, Int, Int)
    let parameters: ParameterSet
    let x: Matrix
    let y: Matrix
    let dead: [Int]

    init(_ seed: UInt64, isTranscoder: Bool = false, groups: Bool = false) {
      var generator = RandomGenerator(seed: seed)
      tokens = 3 + generator.index(below: 5)
      width = 4 + generator.index(below: 4)
      outputWidth = isTranscoder ? 3 + generator.index(below: 5) : width
      k = 2 + generator.index(below: 2)
      latents = groups ? k * (3 + generator.index(below: 3)) : 11 + generator.index(below: 5)
      x = Matrix.random(tokens, width, seed: seed + 1)
      y = isTranscoder ? Matrix.random(tokens, outputWidth, seed: seed + 2) : x
      dead = [1, 4, 5]
      parameters = [
        .encoder: Matrix.random(latents, width, seed: seed + 3),
        .encoderBias: Matrix.random(1, latents, seed: seed + 4),
        .decoder: Matrix.random(latents, outputWidth, seed: seed + 5),
        .decoderBias: Matrix.random(1, outputWidth, seed: seed + 6),
      ]
    }

    var batch: TrainingBatch {
      let sinceFiring = (0..<latents).map { dead.contains($0) ? 1 : 0 }
      return TrainingBatch(
        activations: x, target: y,
        deadLatents: DeadLatents(sinceFiring: sinceFiring, rule: .stepsBeforeBatch(0)))
    }
  }

  /// The loss of a selecting autoencoder from its definition.
  struct Loss {
    let shape: Shape
    let configuration: any SelectingConfiguration
    /// Latents that are selected, by token.
    let selected: [[Int]]
    /// Prefixes that reconstruct, and what their errors count.
    var levels: [(prefix: Int, weight: Double)]
    /// A further selection, and what its error counts.
    var further: (selected: [[Int]], weight: Double)?
    /// Dead latents that reconstruct what a prefix leaves over.
    var auxiliary: [(prefix: Int, dead: [Int])] = []
    var comparesMagnitudes = false

    init(_ shape: Shape, _ configuration: any SelectingConfiguration, _ latents: SparseLatents) {
      self.shape = shape
      self.configuration = configuration
      selected = Self.indices(latents)
      levels = [(shape.latents, 1)]
      if configuration.auxiliaryLoss != nil { auxiliary = [(shape.latents, shape.dead)] }
    }

    static func indices(_ latents: SparseLatents) -> [[Int]] {
      (0..<latents.tokens).map { latents.entries(of: $0).map { Int(latents.indices[$0]) } }
    }

    func preActivation(_ p: DoubleParameters, _ token: [Double], _ latent: Int) -> Double {
      let bias = p.row(.decoderBias)
      let input = configuration.subtractsDecoderBias ? zip(token, bias).map { $0 - $1 } : token
      return dot(p.row(.encoder, latent), input)
        + (p.row(.encoderBias).dropFirst(latent).first ?? 0)
    }

    /// Σ u W_dec over the listed latents.
    func sum(_ p: DoubleParameters, _ token: [Double], _ latents: [Int]) -> [Double] {
      var output = [Double](repeating: 0, count: shape.outputWidth)
      for latent in latents {
        let u = preActivation(p, token, latent)
        for (column, weight) in p.row(.decoder, latent).enumerated() {
          output[column] += u * weight
        }
      }
      return output
    }

    func error(
      _ p: DoubleParameters, _ token: Int, _ latents: [Int]
    ) -> [Double] {
      let x = shape.x.doubleRows[token]
      var output = sum(p, x, latents)
      for column in output.indices {
        output[column] += Array(p.row(.decoderBias))[column] - shape.y.doubleRows[token][column]
        let skip = p.row(.skip, column)
        if !skip.isEmpty { output[column] += dot(skip, x) }
      }
      return output
    }

    private func variance(_ rows: [[Double]]) -> Double {
      let count = Double(rows.count)
      var total = 0.0
      for column in 0..<(rows.first ?? []).count {
        let values = rows.map { $0[column] }
        let mean: Double = values.reduce(0, +) / count
        for value in values { total += (value - mean) * (value - mean) }
      }
      return total
    }

    func value() -> (DoubleParameters) -> Double {
      let tokens = 0..<shape.tokens
      let factor =
        switch configuration.reconstructionLoss {
        case .squaredErrorPerToken: 1 / Double(shape.tokens)
        case .fractionOfVarianceUnexplained: 1 / variance(shape.y.doubleRows)
        case .scaledMean(let scale): scale / Double(shape.tokens * shape.outputWidth)
        }
      // What is constant for the auxiliary losses.
      let start = DoubleParameters(shape.parameters)
      let constants = auxiliary.map { prefix, dead in
        let residual = tokens.map { token in
          error(start, token, selected[token].filter { $0 < prefix }).map { -$0 }
        }
        return (residual, tokens.map { bestDead(start, $0, dead) }, auxiliaryFactor(residual, dead))
      }
      return { p in
        var loss = 0.0
        for token in tokens {
          for level in levels {
            let error = error(p, token, selected[token].filter { $0 < level.prefix })
            loss += level.weight * factor * dot(error, error)
          }
          if let further {
            let error = error(p, token, further.selected[token])
            loss += further.weight * factor * dot(error, error)
          }
          for (residual, best, factor) in constants {
            var difference = zip(sum(p, shape.x.doubleRows[token], best[token]), residual[token])
              .map { $0 - $1 }
            if configuration.auxiliaryLoss?.form == .residualVarianceWithBias {
              let (bias, before) = (Array(p.row(.decoderBias)), Array(start.row(.decoderBias)))
              for column in difference.indices {
                difference[column] += bias[column] - before[column]
              }
            }
            loss += factor * dot(difference, difference)
          }
        }
        return loss
      }
    }

    /// The dead latents of a token with the highest scores.
    private func bestDead(_ p: DoubleParameters, _ token: Int, _ dead: [Int]) -> [Int] {
      let scored = dead.map { latent in
        let norm = dot(p.row(.decoder, latent), p.row(.decoder, latent)).squareRoot()
        let score = preActivation(p, shape.x.doubleRows[token], latent)
        return (latent, configuration.rescalesByDecoderNorm ? score * norm : score)
      }
      let competing = scored.filter {
        comparesMagnitudes || configuration.auxiliaryLoss?.form == .rawScores || $0.1 > 0
      }
      let key = { (score: Double) in comparesMagnitudes ? abs(score) : score }
      return competing.sorted { key($0.1) > key($1.1) }.prefix(auxiliaryLatents).map(\.0)
    }

    private var auxiliaryLatents: Int {
      max(1, configuration.auxiliaryLoss?.latentsPerToken ?? shape.outputWidth / 2)
    }

    private func auxiliaryFactor(_ residual: [[Double]], _ dead: [Int]) -> Double {
      guard let auxiliary = configuration.auxiliaryLoss else { return 0 }
      let share = min(1, Double(dead.count) / Double(auxiliaryLatents))
      switch auxiliary.form {
      case .residualVariance, .residualVarianceWithBias:
        return auxiliary.coefficient / variance(residual)
      case .rawScores: return auxiliary.coefficient * share / Double(shape.tokens)
      case .decoderOnly, .ghost: return .nan
      }
    }
  }

  /// Settings of every kind.
  static func settings(_ seed: UInt64, _ configuration: inout some SelectingConfiguration) {
    configuration.rescalesByDecoderNorm = seed % 2 == 0
    configuration.subtractsDecoderBias = seed % 3 != 0
    configuration.reconstructionLoss =
      seed % 4 < 2 ? .squaredErrorPerToken : .fractionOfVarianceUnexplained
    let forms: [AuxiliaryLoss?] = [
      nil, AuxiliaryLoss(.rawScores, coefficient: 0.7),
      AuxiliaryLoss(.residualVariance, coefficient: 0.9),
    ]
    configuration.auxiliaryLoss = forms[Int(seed % 3)]
  }

  static func check(
    _ model: some TrainableAutoencoder, _ shape: Shape, _ what: String,
    _ loss: (SparseLatents) -> Loss
  ) throws {
    var model = model
    var gradients = model.parameters.zeros()
    let pass = try model.computeGradients(of: shape.batch, into: &gradients)
    let value = loss(try #require(pass.latents)).value()
    let expected = value(DoubleParameters(model.parameters))
    #expect(abs(pass.totalLoss - expected) <= 1e-5 * abs(expected), "\(what): loss")
    expectGradients(gradients, of: model.parameters, what, loss: value)
  }

  @Test(arguments: UInt64(0)..<6) func topKAndMultiTopK(_ seed: UInt64) throws {
    let shape = Shape(seed)
    var configuration = TopKConfiguration(k: shape.k)
    Self.settings(seed, &configuration)
    try Self.check(
      TopKAutoencoder(parameters: shape.parameters, configuration: configuration), shape, "topk"
    ) { Loss(shape, configuration, $0) }

    var multi = MultiTopK()
    multi.multiple = 2
    configuration.multiTopK = multi
    let model = try TopKAutoencoder(parameters: shape.parameters, configuration: configuration)
    let more = try model.scores(of: shape.x).largest(2 * shape.k)
    try Self.check(model, shape, "multi-topk") {
      var loss = Loss(shape, configuration, $0)
      loss.further = (Loss.indices(more), 0.125)
      return loss
    }
  }

  @Test(arguments: UInt64(0)..<6) func openAI(_ seed: UInt64) throws {
    let shape = Shape(seed)
    var configuration = TopKConfiguration.openAI(
      k: shape.k, loss: try .scaledMean(of: shape.x))
    configuration.subtractsDecoderBias = seed % 3 != 0
    // Two of three dead latents, or all.
    configuration.auxiliaryLoss?.latentsPerToken = seed % 2 == 0 ? 2 : 256
    try Self.check(
      TopKAutoencoder(parameters: shape.parameters, configuration: configuration), shape, "openai"
    ) { Loss(shape, configuration, $0) }
    var matryoshka = MatryoshkaConfiguration(meanK: Double(shape.k))
    matryoshka.auxiliaryLoss = configuration.auxiliaryLoss
    matryoshka.levels = .widths([3])
    try Self.check(
      MatryoshkaAutoencoder(parameters: shape.parameters, configuration: matryoshka), shape,
      "matryoshka"
    ) {
      var loss = Loss(shape, matryoshka, $0)
      loss.levels = [3, shape.latents].map { ($0, 1) }
      return loss
    }
  }

  @Test(arguments: UInt64(0)..<6) func batchTopK(_ seed: UInt64) throws {
    let shape = Shape(seed)
    var configuration = BatchTopKConfiguration(meanK: Double(shape.k) + 0.4)
    Self.settings(seed, &configuration)
    try Self.check(
      BatchTopKAutoencoder(parameters: shape.parameters, configuration: configuration), shape,
      "batchtopk"
    ) { Loss(shape, configuration, $0) }
  }

  @Test(arguments: UInt64(0)..<6) func absTopKAndGroupMax(_ seed: UInt64) throws {
    let shape = Shape(seed)
    var configuration = AbsTopKConfiguration(k: shape.k)
    Self.settings(seed, &configuration)
    try Self.check(
      AbsTopKAutoencoder(parameters: shape.parameters, configuration: configuration), shape,
      "abstopk"
    ) {
      var loss = Loss(shape, configuration, $0)
      loss.comparesMagnitudes = true
      return loss
    }
    let grouped = Shape(seed, groups: true)
    var groups = GroupMaxConfiguration(k: grouped.k)
    Self.settings(seed, &groups)
    // Positive, so that no group is inactive: there the gradient is an estimate.
    var parameters = grouped.parameters
    parameters[.encoderBias] = Matrix(rows: 1, columns: grouped.latents, repeating: 40)
    try Self.check(
      GroupMaxAutoencoder(parameters: parameters, configuration: groups), grouped, "groupmax"
    ) { latents in
      Loss(Shape(grouped, parameters), groups, latents)
    }
  }

  @Test(arguments: UInt64(0)..<6) func matryoshka(_ seed: UInt64) throws {
    let shape = Shape(seed)
    var configuration = MatryoshkaConfiguration(meanK: Double(shape.k))
    Self.settings(seed, &configuration)
    configuration.selection = seed % 2 == 0 ? .batch : .token
    configuration.levels = .widths([3, 7])
    configuration.weighting = [.mean, .sum, .meanOfMeans][Int(seed % 3)]
    configuration.hasAuxiliaryLossPerLevel = seed % 4 < 2
    let weight = [1.0 / 3, 1, 1.0 / 9][Int(seed % 3)]
    try Self.check(
      MatryoshkaAutoencoder(parameters: shape.parameters, configuration: configuration), shape,
      "matryoshka"
    ) {
      var loss = Loss(shape, configuration, $0)
      loss.levels = [3, 7, shape.latents].map { ($0, weight) }
      if configuration.auxiliaryLoss != nil && configuration.hasAuxiliaryLossPerLevel {
        loss.auxiliary = [(3, [1]), (7, [4, 5])]
      }
      return loss
    }
  }

  @Test(arguments: UInt64(0)..<6) func transcoder(_ seed: UInt64) throws {
    let shape = Shape(seed, isTranscoder: true)
    var configuration = TranscoderConfiguration(k: shape.k, hasSkipConnection: seed % 2 == 0)
    Self.settings(seed, &configuration)
    var parameters = shape.parameters
    if configuration.hasSkipConnection {
      parameters = [
        .encoder: parameters[.encoder], .encoderBias: parameters[.encoderBias],
        .decoder: parameters[.decoder], .decoderBias: parameters[.decoderBias],
        .skip: Matrix.random(shape.outputWidth, shape.width, seed: seed + 9),
      ]
    }
    try Self.check(
      Transcoder(parameters: parameters, configuration: configuration), shape, "transcoder"
    ) { Loss(Shape(shape, parameters), configuration, $0) }
  }
}

extension SelectionGradientTests.Shape {
  /// The same with other parameters.
  init(_ other: Self, _ parameters: ParameterSet) {
    (tokens, width, outputWidth, latents, k) = (
      other.tokens, other.width, other.outputWidth, other.latents, other.k
    )
    (x, y, dead) = (other.x, other.y, other.dead)
    self.parameters = parameters
  }
}
