import SAECore
import SAEMetrics

// The library as its users meet it. This program is built, not run.

// Train.
let activations = try ActivationFiles("shards/")
var run = try TrainingRun(
  TopKConfiguration(k: 32), latentCount: 16_384, on: activations,
  options: TrainingOptions(steps: 20_000, batchTokens: 4096, seed: 7))
try run.train(log: CSVLog("run.csv"), checkpoints: CheckpointFolder("run.checkpoints")) { step in
  print(step.number, step.fractionOfVarianceExplained ?? .nan, step.l0)
}
let sae = try run.autoencoder()
try sae.save(to: "my-sae")

// Open.
let published = try SAE.load("gemma-scope/params.npz")
let typed = try TopKAutoencoder.load("my-sae")
print(typed.configuration.k)

// Run.
let batch = try activations.matrix(rows: 0..<16)
let (latents, reconstruction) = try published.run(batch)
for (latent, value) in latents[token: 0] { print(latent, value) }
print(latents.l0, published.decoder.shape, reconstruction.shape)

// Judge.
let evaluation = try evaluate(published, on: ActivationFiles("held-out/"))
print(evaluation.fractionOfVarianceExplained.value ?? .nan)
print(evaluation.fractionOfVarianceExplained.interval as Any)

// Settings are literals.
let gated = GatedConfiguration(
  coefficient: CoefficientSchedule(finalValue: 4, warmUpSteps: 500),
  annealing: PAnnealing(to: 0.5, between: 1000...4000))
let options = TrainingOptions(
  steps: 5000, batchTokens: 2048, schedule: .init(learningRate: 3e-4, warmUpSteps: 500),
  revival: .init(resampling: Resampling(convention: .anthropic, period: 2500)),
  data: .init(normalization: .layerNorm))
var sweep = try TrainingSweep(on: activations, options: options)
let member = try sweep.add(gated, latentCount: 4096)
while try sweep.step() != nil {}
try sweep.autoencoder(member).save(to: "gated")

// A source of one's own: width, tokens, read.
struct Zeros: ActivationSource {
  let width = 8
  let tokens = 100

  func read(_ rows: Range<Int>, into matrix: inout Matrix, at row: Int) {}
}
let pairs = try TrainingRun(
  TranscoderConfiguration(k: 4), latentCount: 64, on: Zeros(), targets: Zeros(), options: options)
print(pairs.targetScale ?? 1)
