import ArgumentParser
import Foundation
import SAECore
import SAEMetrics

struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Trains on synthetic activations with known features and says how many are found.",
    discussion: "Needs no file and takes less than a minute on two cores.")

  @Option(help: "Equal seeds give equal bits.") var seed: UInt64 = 0

  func run() throws {
    var world = SyntheticOptions(width: 128, featureCount: 512, l0: 8)
    world.zipfExponent = 0.6
    world.noise = 0.05
    let truth = try SyntheticActivations(world, seed: seed)
    let training = truth.sample(0..<200_000).activations
    let heldOut = truth.sample(200_000..<220_000)
    print(
      "\(world.featureCount) true features in \(world.width) dimensions, "
        + "\(fixed(world.l0, 0)) active on a token, 5% noise")

    var options = TrainingOptions(steps: 1500)
    options.batchTokens = 2048
    options.learningRate = 3e-3
    options.deadAfterTokens = 200_000
    options.seed = seed
    var run = try TrainingRun<TopKAutoencoder>(
      TopKConfiguration(k: 8), latents: 1024, on: training, options: options)
    let rate = try TrainingLoop.finish(&run)
    let autoencoder = try run.finished()

    var reconstruction = ReconstructionMetrics(width: world.width)
    var sparsity = SparsityMetrics(latentCount: autoencoder.latentCount)
    let latents = try autoencoder.encode(heldOut.activations)
    try reconstruction.update(
      activations: heldOut.activations, reconstruction: autoencoder.decode(latents))
    try sparsity.update(latents)
    let similarity = try DictionarySimilarity(truth.features, autoencoder.dictionary)
    var recovery = try GroundTruthMetrics(
      decoder: autoencoder.dictionary, features: truth.features)
    try recovery.update(latents, truth: heldOut.features)
    let found = similarity.maximumCosines.compactMap { $0 }.count { $0 > 0.9 }
    print(
      table([
        ["on 20 000 tokens not trained on", ""],
        [
          "fraction of variance explained",
          fixed(reconstruction.value.fractionOfVarianceExplained, 4),
        ],
        ["L0 (true L0)", "\(fixed(sparsity.value.l0, 2)) (\(fixed(recovery.value.trueL0, 2)))"],
        [
          "latents that never fired", "\(sparsity.value.latentsThatNeverFired?.count ?? 0) of 1024",
        ],
        ["true features found (cosine > 0.9)", "\(found) of \(world.featureCount)"],
        ["mean maximum cosine", fixed(similarity.meanMaximumCosine, 4)],
        ["tokens/s trained on", grouped(rate)],
      ]))
  }
}
