import SAECore
import SAETestSupport
import Testing

/// The gradient against central differences of the loss in double, along random directions over all
/// parameters at once.
@Suite struct TopKGradientTests {
  struct Shape: Sendable {
    let tokens: Int
    let width: Int
    let latents: Int
    let k: Int
    let dead: Int
  }

  static let shapes = [
    Shape(tokens: 1, width: 1, latents: 2, k: 1, dead: 0),
    Shape(tokens: 5, width: 3, latents: 7, k: 2, dead: 0),
    Shape(tokens: 9, width: 8, latents: 20, k: 4, dead: 3),
    Shape(tokens: 16, width: 6, latents: 30, k: 5, dead: 10),
    Shape(tokens: 7, width: 12, latents: 25, k: 25, dead: 1),
  ]

  static let configurations: [TopKConfiguration] = {
    var all: [TopKConfiguration] = []
    for base in [TopKConfiguration.dictionaryLearning(k: 1), .saeLens(k: 1), .sparsify(k: 1)] {
      for subtracts in [true, false] {
        var configuration = base
        configuration.subtractsDecoderBias = subtracts
        all.append(configuration)
      }
    }
    return all
  }()

  @Test(arguments: shapes) func gradientIsThatOfTheLoss(_ shape: Shape) throws {
    var compared = 0
    for (index, base) in Self.configurations.enumerated() {
      var configuration = base
      configuration.k = shape.k
      let seed = UInt64(index * 100 + shape.tokens)
      let parameters: ParameterSet = [
        .encoder: .random(shape.latents, shape.width, seed: seed),
        .encoderBias: .random(1, shape.latents, seed: seed + 1),
        .decoder: .random(shape.latents, shape.width, seed: seed + 2),
        .decoderBias: .random(1, shape.width, seed: seed + 3),
      ]
      let activations = Matrix.random(shape.tokens, shape.width, seed: seed + 4)
      let sinceFiring = (0..<shape.latents).map { $0 < shape.dead ? 1 : 0 }
      let model = try TopKAutoencoder(parameters: parameters, configuration: configuration)
      var gradients = parameters.zeros()
      let pass = try model.computeGradients(
        of: TrainingBatch(
          activations: activations,
          deadLatents: DeadLatents(sinceFiring: sinceFiring, rule: .stepsBeforeBatch(0))),
        into: &gradients)

      let reference = DoubleTopK(
        configuration: configuration, activations: activations, dead: Array(0..<shape.dead))
      let start = DoubleTopK.values(parameters)
      let residuals = reference.residual(start)
      let value = reference.loss(start, residuals)
      #expect(abs(pass.totalLoss - value) <= 1e-5 * max(1, abs(value)))

      // The residual that dead latents reconstruct counts as constant, so it stays that of the
      // start. sparsify's auxiliary loss leaves the encoder out, which no difference can show: it
      // is off in these cases.
      for trial in 0..<3 {
        let direction = DoubleTopK.values(
          ParameterSet.random(like: parameters, seed: seed + 50 + UInt64(trial)))
        let step = 1e-6
        let forward = DoubleTopK.moved(start, direction, step)
        let backward = DoubleTopK.moved(start, direction, -step)
        // A selection that changes within the step is a kink.
        guard reference.support(forward) == reference.support(backward) else { continue }
        compared += 1
        let difference =
          (reference.loss(forward, residuals) - reference.loss(backward, residuals)) / (2 * step)
        var along = 0.0
        var magnitude = 0.0
        for (name, values) in direction {
          for (a, b) in zip(values, gradients[name].array) {
            along += a * Double(b)
            magnitude += abs(a * Double(b))
          }
        }
        // float32 gradients: some tens of roundings a term; the difference itself 1e-9.
        #expect(
          abs(along - difference) <= 2e-5 * max(magnitude, 1e-3),
          "\(shape) configuration \(index): \(along) against \(difference)")
      }
    }
    #expect(compared >= 2 * Self.configurations.count, "too many of the steps crossed a kink")
  }
}

extension ParameterSet {
  /// Gaussian numbers of the same names and shapes.
  static func random(like other: ParameterSet, seed: UInt64) -> ParameterSet {
    var result = other
    for (position, name) in other.names.enumerated() {
      result[name] = .random(
        other[name].rows, other[name].columns, seed: seed &* 31 + UInt64(position))
    }
    return result
  }
}

/// The loss of a TopK autoencoder, written out in double with dense loops.
struct DoubleTopK {
  typealias Values = [ParameterName: [Double]]

  let configuration: TopKConfiguration
  let activations: Matrix
  let dead: [Int]

  static func values(_ set: ParameterSet) -> Values {
    Dictionary(uniqueKeysWithValues: set.names.map { ($0, set[$0].array.map { Double($0) }) })
  }

  static func moved(_ start: Values, _ direction: Values, _ step: Double) -> Values {
    Dictionary(
      uniqueKeysWithValues: start.map { name, values in
        (name, zip(values, direction[name] ?? []).map { $0 + step * $1 })
      })
  }

  private var width: Int { activations.columns }

  /// Pre-activations and scores of a token.
  private func scores(_ p: Values, _ token: Int) -> (h: [Double], s: [Double]) {
    guard let encoder = p[.encoder], let bias = p[.encoderBias], let decoder = p[.decoder],
      let shift = p[.decoderBias]
    else { return ([], []) }
    var h: [Double] = []
    var s: [Double] = []
    for latent in bias.indices {
      var sum = bias[latent]
      var squares = 0.0
      for d in 0..<width {
        let x = Double(activations[token, d]) - (configuration.subtractsDecoderBias ? shift[d] : 0)
        sum += x * encoder[latent * width + d]
        squares += decoder[latent * width + d] * decoder[latent * width + d]
      }
      h.append(sum)
      s.append(configuration.rescalesByDecoderNorm ? sum * squares.squareRoot() : sum)
    }
    return (h, s)
  }

  private func selected(_ scores: [Double], _ candidates: [Int], _ k: Int, raw: Bool) -> [Int] {
    candidates.filter { raw || scores[$0] > 0 }.sorted { scores[$0] > scores[$1] }.prefix(k)
      .sorted()
  }

  /// Which latents and which dead latents are selected, a list for each token.
  func support(_ p: Values) -> [[Int]] {
    (0..<activations.rows).flatMap { token in
      let s = scores(p, token).s
      return [
        selected(s, Array(s.indices), configuration.k, raw: false), deadSelected(s),
      ]
    }
  }

  private func deadSelected(_ s: [Double]) -> [Int] {
    let k = min(max(1, width / 2), dead.count)
    return selected(s, dead, k, raw: configuration.auxiliaryLoss?.form == .rawScores)
  }

  private func combination(_ p: Values, _ h: [Double], _ latents: [Int]) -> [Double] {
    var result = [Double](repeating: 0, count: width)
    for latent in latents {
      for d in 0..<width { result[d] += h[latent] * (p[.decoder]?[latent * width + d] ?? 0) }
    }
    return result
  }

  /// x − x̂ of every token.
  func residual(_ p: Values) -> [[Double]] {
    (0..<activations.rows).map { token in
      let (h, s) = scores(p, token)
      let sum = combination(p, h, selected(s, Array(s.indices), configuration.k, raw: false))
      return (0..<width).map {
        Double(activations[token, $0]) - sum[$0] - (p[.decoderBias]?[$0] ?? 0)
      }
    }
  }

  private func variance(_ rows: [[Double]]) -> Double {
    var total = 0.0
    for d in 0..<width {
      var mean = 0.0
      for row in rows { mean += row[d] / Double(rows.count) }
      for row in rows { total += (row[d] - mean) * (row[d] - mean) }
    }
    return total
  }

  /// The loss, with the residual that dead latents reconstruct held at the given one.
  func loss(_ p: Values, _ heldResidual: [[Double]]) -> Double {
    let tokens = Double(activations.rows)
    let inputs = (0..<activations.rows).map { token in
      (0..<width).map { Double(activations[token, $0]) }
    }
    let inputVariance = variance(inputs)
    var squares = 0.0
    for row in residual(p) { for value in row { squares += value * value } }
    var total: Double
    switch configuration.reconstructionLoss {
    case .squaredErrorPerToken: total = squares / tokens
    case .fractionOfVarianceUnexplained: total = inputVariance > 0 ? squares / inputVariance : 0
    case .scaledMean(let scale): total = scale * squares / (tokens * Double(width))
    }
    guard let auxiliary = configuration.auxiliaryLoss, !dead.isEmpty else { return total }
    var error = 0.0
    for token in 0..<activations.rows {
      let (h, s) = scores(p, token)
      let sum = combination(p, h, deadSelected(s))
      for d in 0..<width {
        error += (sum[d] - heldResidual[token][d]) * (sum[d] - heldResidual[token][d])
      }
    }
    let share = min(1, Double(dead.count) / Double(max(1, width / 2)))
    switch auxiliary.form {
    case .residualVariance:
      let held = variance(heldResidual)
      total += held > 0 ? auxiliary.coefficient * error / held : 0
    case .rawScores: total += auxiliary.coefficient * share * error / tokens
    case .decoderOnly: total += auxiliary.coefficient * share * error / inputVariance
    case .ghost, .residualVarianceWithBias: total = .nan
    }
    return total
  }
}
