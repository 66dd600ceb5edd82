import ArgumentParser
import Foundation
import SAECore
import SAEMetrics

struct RecoveryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recovery",
    abstract: "How well each variant finds the features of activations whose features are known.",
    discussion: """
      Features by Zipf's law, in topics that come together, with noise; then the same with half of \
      them children, active only where their parents are, which the sparsest code has no latents \
      for, but for their sums with the parents. For each feature the largest cosine to a decoder \
      row; for each latent the F1 by which it tells where its feature is active.
      """)

  @Option var width = 128
  @Option var features = 256
  @Option(help: "Half as many again as features unless given.") var latents: Int?
  @Option(help: "Active features of a token.") var l0 = 5.0
  @Option(help: "Latents active on a token, for variants that are told; l0 unless given.")
  var k: Double?
  @Option(help: "λ of Gated and ReLU, separated by commas.") var coefficients = "2,4"
  @Option var learningRate = 3e-3
  @Option(help: "Zipf's exponent of the features' frequencies.") var zipf = 0.5
  @Option(help: "E‖noise‖² as a share of the features' variance.") var noise = 0.02
  @Option(help: "Topics that features come together in; 1 for features that do not.") var topics = 8
  @Option(help: "Children of each parent, separated by commas: 0 for features without any.")
  var children = "0,1"
  @Option(help: "Tokens that are drawn to train on.") var tokens = 200_000
  @Option(help: "Steps of 1024 tokens.") var steps = 4000
  @Option(
    help: "Tokens without firing after which a latent is dead; a twentieth of the run unless given."
  )
  var deadAfter: Int?
  @Option var seed: UInt64 = 0
  @Option(help: "Variants, separated by commas; all of them unless given.") var variants: String?

  func run() throws {
    let wanted = variants.map { $0.split(separator: ",").map(String.init) }
    var table = [
      [
        "children", "variant", "setting", "mean max cosine", "of parents", "of children", "F1",
        "dead latents", "FVE", "L0", "true L0",
      ]
    ]
    for children in try numbers(children, "children").map({ Int($0) }) {
      let world = try SyntheticActivations(worldOptions(children: children), seed: seed)
      let training = world.sample(0..<tokens).activations
      let held = world.sample(tokens..<tokens + 20_000)
      for subject in try subjects() where wanted?.contains(subject.variant.name) ?? true {
        let model = try subject.train(training, latentCount, trainingOptions)
        let row =
          try ["\(children)", subject.variant.name, subject.setting]
          + measure(model, isSigned: subject.variant == "abstopk", held, world)
        FileHandle.standardError.write(Data((row.joined(separator: "  ") + "\n").utf8))
        table.append(row)
      }
    }
    printTable(table)
  }

  private var latentCount: Int { latents ?? features * 3 / 2 }

  private func worldOptions(children: Int) -> SyntheticOptions {
    var options = SyntheticOptions(width: width, featureCount: features, l0: l0)
    options.zipfExponent = zipf
    options.topicCount = topics
    options.correlation = 0.5
    options.childrenPerParent = children
    options.childProbability = 0.4
    options.noise = noise
    return options
  }

  private func numbers(_ text: String, _ option: String) throws -> [Double] {
    try text.split(separator: ",").map {
      guard let number = Double($0) else {
        throw ValidationError("--\(option): expected numbers, found \($0)")
      }
      return number
    }
  }

  private var trainingOptions: TrainingOptions {
    var options = TrainingOptions(steps: steps)
    options.batchTokens = 1024
    options.schedule.learningRate = learningRate
    options.seed = seed
    options.revival.deadLatentRule = deadAfter.map { .dictionaryLearning(tokens: $0) }
    return options
  }

  private func measure(
    _ model: any SparseAutoencoder, isSigned: Bool, _ held: SyntheticActivations.Sample,
    _ world: SyntheticActivations
  ) throws -> [String] {
    let features = world.features
    let batch = try EncodedBatch(encoding: held.activations, by: model)
    var truth = try GroundTruthMetrics(decoder: model.decoder, features: features)
    try truth.update(batch.latents, truth: held.features)
    var reconstruction = ReconstructionMetrics(width: held.activations.columns)
    try reconstruction.update(batch)
    let cosines = try DictionarySimilarity(
      features, isSigned ? withOpposites(model.decoder) : model.decoder
    ).maximumCosines
      .compactMap { $0 }
    let parents = features.rows / (1 + world.options.childrenPerParent)
    let value = truth.value
    return [
      number(mean(cosines[...])), number(mean(cosines[..<parents])),
      parents < features.rows ? number(mean(cosines[parents...])) : "", number(value.f1),
      "\(value.deadLatents)",
      number(reconstruction.value.fractionOfVarianceExplained), number(value.l0),
      number(value.trueL0),
    ]
  }

  /// Rows and their opposites: a signed latent stands for both.
  private func withOpposites(_ rows: Matrix) -> Matrix {
    var both = Matrix(rows: 2 * rows.rows, columns: rows.columns)
    for row in 0..<rows.rows {
      for column in 0..<rows.columns {
        both[row, column] = rows[row, column]
        both[rows.rows + row, column] = -rows[row, column]
      }
    }
    return both
  }

  private func mean(_ values: ArraySlice<Double>) -> Double {
    values.reduce(0, +) / Double(values.count)
  }

  private func number(_ value: Double?) -> String {
    value.map { String(format: "%.3f", $0) } ?? "undefined"
  }

  private func subjects() throws -> [TrainedSubject] {
    let l0 = k ?? l0
    let whole = Int(l0.rounded())
    // Groups of equal size.
    let groups = (1...max(1, whole)).last { latentCount % $0 == 0 } ?? 1
    var subjects = Variant.reconstructing.filter(\.aimsAtL0).map { variant in
      switch variant {
      case "batchtopk", "matryoshka", "jumprelu":
        TrainedSubject(variant, "L0 \(short(l0))") { $0.k = l0 }
      case "groupmax": TrainedSubject(variant, "k \(groups)") { $0.k = Double(groups) }
      default: TrainedSubject(variant, "k \(whole)") { $0.k = Double(whole) }
      }
    }
    let warmUp = steps / 4
    for lambda in try numbers(coefficients, "coefficients") {
      for variant in Variant.reconstructing where !variant.aimsAtL0 {
        subjects.append(
          TrainedSubject(variant, "λ \(short(lambda))") {
            $0.coefficient = lambda
            $0.warmUpSteps = warmUp
          })
      }
    }
    return subjects
  }
}
