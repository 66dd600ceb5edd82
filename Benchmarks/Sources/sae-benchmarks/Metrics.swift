import ArgumentParser
import SAECore
import SAEMetrics

/// What the reconstruction and sparsity metrics cost beside the encoding that they judge.
struct MetricsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "metrics",
    abstract: "The cost of the whole reconstruction and sparsity set, relative to encoding.",
    discussion: """
      In turn: encoding a batch, decoding its latents, updating both sets of metrics, and the \
      evaluator, which encodes, decodes, updates both and keeps what intervals are made from.
      """)

  @Option var width = 768
  @Option var latents = 16384
  @Option var k = 64
  @Option var batch = 4096
  @Option(help: "Rounds; the median counts.") var rounds = 15

  func run() throws {
    let subject = try EncodeSubject(width: width, latents: latents, k: k, batch: batch)
    let (model, activations) = (subject.model, subject.activations)
    var reconstruction = ReconstructionMetrics(width: width)
    var sparsity = SparsityMetrics(latentCount: latents)
    var evaluator = Evaluator(width: width, latentCount: latents)
    let encoded = try EncodedBatch(encoding: activations, by: model)
    let codes = encoded.latents
    var times: [[Double]] = Array(repeating: [], count: 5)
    for round in 0...rounds {
      let measured = [
        try subject.measure(), try seconds { _ = try model.reconstruct(activations, from: codes) },
        try seconds { try reconstruction.update(encoded) },
        try seconds { try sparsity.update(encoded) },
        try seconds { try evaluator.update(model, activations) },
      ]
      // The first round warms up.
      if round > 0 { for (index, time) in measured.enumerated() { times[index].append(time) } }
    }
    let medians = times.map(median)
    let encoding = medians[0]
    func row(_ name: String, _ time: Double) -> [String] {
      [name, short(time * 1e3), short(100 * time / encoding)]
    }
    printTable([
      ["\(batch) tokens, \(width) → \(latents), k \(k)", "ms", "% of encoding"],
      row("encoding", encoding), row("decoding", medians[1]),
      row("reconstruction metrics", medians[2]), row("sparsity metrics", medians[3]),
      row("both sets of metrics", medians[2] + medians[3]),
      row("evaluator, beyond encoding and decoding", medians[4] - encoding - medians[1]),
    ])
  }
}
