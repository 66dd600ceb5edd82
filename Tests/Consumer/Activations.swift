import SAECore
import SAEMetrics

// Writes the activations that the example trains on, and tells how fast products are in a debug
// build of a dependent package: the kernels are optimized in every build.
func writeActivations() throws {
  let synthetic = try SyntheticActivations(
    SyntheticOptions(width: 16, featureCount: 64, l0: 4), seed: 1)
  let activations = synthetic.sample(0..<20_000).activations
  var writer = try SafetensorsWriter(
    "activations.safetensors",
    [TensorDeclaration("activations", .f32, [activations.rows, activations.columns])])
  try writer.append(activations, to: "activations")
  try writer.finish()
}

try writeActivations()

let a = Matrix(rows: 1024, columns: 1024, repeating: 1)
let clock = ContinuousClock()
var best = Duration.seconds(1000)
for _ in 0..<5 { best = min(best, clock.measure { _ = a.multiplied(by: a) }) }
let seconds = Double(best.components.attoseconds) * 1e-18
print("1024³ with \(kernelName) kernels: \(Int(2.147 / seconds)) GFLOP/s")
