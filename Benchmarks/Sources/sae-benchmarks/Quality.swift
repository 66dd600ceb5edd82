import ArgumentParser
import Foundation
import SAECore
import SAEMetrics

/// What the libraries reached at one setting on the lab's activations, which its README gives.
struct PeerFigure {
  let variant: String
  let setting: String
  let fve: Double
  let l0: Double

  static let all = [
    PeerFigure(variant: "topk", setting: "SAELens, k 32", fve: 0.8760, l0: 32.0),
    PeerFigure(variant: "topk", setting: "dictionary_learning, k 32", fve: 0.8701, l0: 32.0),
    PeerFigure(variant: "topk", setting: "sparsify, k 32", fve: 0.8692, l0: 32.0),
    PeerFigure(variant: "batchtopk", setting: "SAELens, k 32", fve: 0.8785, l0: 33.3),
    PeerFigure(variant: "batchtopk", setting: "dictionary_learning, k 32", fve: 0.8671, l0: 29.9),
    PeerFigure(variant: "matryoshka", setting: "SAELens, k 32", fve: 0.8619, l0: 32.9),
    PeerFigure(variant: "jumprelu", setting: "SAELens, tanh, λ 8", fve: 0.5548, l0: 2.7),
    PeerFigure(variant: "jumprelu", setting: "SAELens, tanh, λ 2", fve: 0.7329, l0: 7.3),
    PeerFigure(variant: "jumprelu", setting: "SAELens, tanh, λ 0.6", fve: 0.8208, l0: 18.3),
    PeerFigure(variant: "jumprelu", setting: "SAELens, tanh, λ 0.3", fve: 0.8624, l0: 34.1),
    PeerFigure(variant: "jumprelu", setting: "SAELens, step, λ 1", fve: 0.9110, l0: 89.7),
    PeerFigure(variant: "jumprelu", setting: "SAELens, step, λ 4", fve: 0.9169, l0: 111.0),
    PeerFigure(variant: "jumprelu", setting: "SAELens, step, λ 12", fve: 0.9173, l0: 118.0),
    PeerFigure(
      variant: "jumprelu", setting: "dictionary_learning, target 32", fve: 0.9521, l0: 175.6),
    PeerFigure(variant: "gated", setting: "SAELens, λ 8", fve: 0.7826, l0: 10.4),
    PeerFigure(variant: "gated", setting: "SAELens, λ 4", fve: 0.8378, l0: 21.0),
    PeerFigure(variant: "gated", setting: "SAELens, λ 2", fve: 0.8874, l0: 49.4),
    PeerFigure(variant: "relu", setting: "SAELens, λ 8", fve: 0.5996, l0: 10.9),
    PeerFigure(variant: "relu", setting: "SAELens, λ 2", fve: 0.8190, l0: 34.4),
  ]

  /// The best that a library has of a variant at an L0 no higher than given.
  static func best(_ variant: String, l0: Double) -> PeerFigure? {
    all.filter { $0.variant == variant && $0.l0 <= l0 }.max { $0.fve < $1.fve }
  }
}

struct QualityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quality",
    abstract: "Every variant on the lab's activations, beside what the libraries reached there.",
    discussion: """
      2048 latents, 2000 steps of 1024 tokens, learning rate 5e-4 with 100 steps of warm-up and 400 \
      of decay; FVE and L0 on tokens not trained on. SAE_LAB names the lab's folder.
      """)

  @Option(help: "Variants, separated by commas; all of them unless given.") var variants: String?
  @Option(help: "Seeds, separated by commas.") var seeds = "0"
  @Option(help: "Steps of training.") var steps = 2000
  @Option(
    help: "Tokens without firing after which a latent is dead; a twentieth of the run unless given."
  )
  var deadAfter: Int?

  func run() throws {
    let lab = URL(
      fileURLWithPath: ProcessInfo.processInfo.environment["SAE_LAB"] ?? "../shared/lab")
    let training = try activations(lab, "med_train")
    let held = try activations(lab, "med_dev")
    let wanted = variants.map { $0.split(separator: ",").map(String.init) }
    var table = [
      ["variant", "setting", "seed", "FVE", "L0", "dead", "best peer no sparser than", "its FVE"]
    ]
    for subject in Self.subjects() where wanted?.contains(subject.variant.name) ?? true {
      for seed in seeds.split(separator: ",").compactMap({ UInt64($0) }) {
        let options = self.options(seed: seed, tokens: training.rows)
        let model = try subject.train(training, 2048, options)
        let (fve, l0, dead) = try measure(model, held)
        let peer = PeerFigure.best(subject.variant.name, l0: l0)
        let row = [
          subject.variant.name, subject.setting, "\(seed)", String(format: "%.4f", fve),
          String(format: "%.1f", l0), String(format: "%.3f", dead),
          peer.map { "\($0.setting) (L0 \($0.l0))" } ?? "none",
          peer.map { String(format: "%.4f", $0.fve) } ?? "",
        ]
        FileHandle.standardError.write(Data((row.joined(separator: "  ") + "\n").utf8))
        table.append(row)
      }
    }
    printTable(table)
  }

  private func options(seed: UInt64, tokens: Int) -> TrainingOptions {
    var options = TrainingOptions(steps: steps)
    options.batchTokens = 1024
    options.schedule.learningRate = 5e-4
    options.schedule.warmUpSteps = min(100, steps / 20)
    options.schedule.decaySteps = min(400, steps / 5)
    options.seed = seed
    options.data.scaleTokens = tokens
    options.data.bufferTokens = tokens
    options.revival.deadLatentRule = deadAfter.map { .dictionaryLearning(tokens: $0) }
    return options
  }

  private func activations(_ lab: URL, _ name: String) throws -> Matrix {
    let path = lab.appendingPathComponent("activations/\(name).safetensors").path
    return try SafetensorsFile(path).tensor("activations").matrix()
  }

  private func measure(
    _ model: any SparseAutoencoder, _ held: Matrix
  ) throws -> (fve: Double, l0: Double, dead: Double) {
    let evaluation = try evaluate(model, on: held, batchTokens: 1024)
    let counts = evaluation.sparsity.firingCounts
    return (
      evaluation.fractionOfVarianceExplained.value ?? .nan, evaluation.l0.value ?? .nan,
      Double(counts.count { $0 == 0 }) / Double(max(1, counts.count))
    )
  }

  /// What is measured.
  static func subjects() -> [TrainedSubject] {
    var subjects: [TrainedSubject] = []
    func add(
      _ variant: Variant, _ setting: String,
      _ change: @escaping @Sendable (inout VariantSettings) -> Void
    ) {
      subjects.append(TrainedSubject(variant, setting, change))
    }
    for variant in Variant.reconstructing where variant.aimsAtL0 {
      let setting = [
        "jumprelu": "controlled L0 32", "matryoshka": "k 32, 5 levels",
        "mixture": "k 32, 2 of 4 experts",
      ][variant.name]
      add(variant, setting ?? "k 32") { $0.k = 32 }
    }
    // As many as are active on tokens not trained on where a library's threshold is the higher one.
    for k in [31.75, 28.25] { add("batchtopk", "k \(short(k))") { $0.k = k } }
    add("matryoshka", "k 32, 128/512/2048") { $0.levels = [128, 512, 2048] }
    for target in [7.0, 18, 85, 105, 165] {
      add("jumprelu", "controlled L0 \(short(target))") { $0.k = target }
    }
    // The libraries' runs had 2000 steps, whose warm-ups these are.
    let coefficients: [(variant: Variant, warmUp: Int, values: [Double])] = [
      ("jumprelu", 2000, [0.32, 0.635, 2.05, 10]), ("gated", 500, [2.01, 4, 8]),
      ("relu", 500, [1.87, 4.8]), ("prolu", 500, [1.87, 4.8]),
    ]
    for (variant, warmUp, values) in coefficients {
      for value in values {
        add(variant, variant == "jumprelu" ? "tanh, λ \(value)" : "λ \(short(value))") {
          $0.coefficient = value
          $0.warmUpSteps = warmUp
        }
      }
    }
    return subjects
  }
}
