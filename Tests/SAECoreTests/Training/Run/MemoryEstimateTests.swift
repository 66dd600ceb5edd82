import Foundation
import SAETestSupport
import Testing

@testable import SAECore
@testable import SAEFormats

@Suite struct MemoryEstimateTests {
  private func options(_ edit: (inout TrainingOptions) -> Void = { _ in }) -> TrainingOptions {
    var options = TrainingOptions(steps: 10)
    options.batchTokens = 100
    edit(&options)
    return options
  }

  private let sizes = TrainingSizes(width: 8, latentCount: 1000, sourceTokens: 5000)

  private func part(_ name: String, _ estimate: MemoryEstimate) -> Int? {
    estimate.parts.first { $0.name == name }?.bytes
  }

  @Test func aRunIsTheSumOfItsParts() {
    let estimate = options().memory(TopKConfiguration(k: 3), sizes)
    let parameters = 4 * 1000 * 16
    #expect(part("parameters", estimate) == parameters)
    #expect(part("gradients", estimate) == parameters)
    #expect(part("optimizer", estimate) == 2 * parameters)
    #expect(part("result", estimate) == parameters)
    #expect(part("batches", estimate) == 4 * 100 * (2 * 8 + 16))
    #expect(part("mixing buffer", estimate) == 4 * 5000 * 8)
    #expect(estimate.bytes == estimate.parts.reduce(0) { $0 + $1.bytes })
  }

  @Test func optimizersAndVariantsDiffer() throws {
    func optimizer(_ edit: (inout TrainingOptions) -> Void) -> Int? {
      part("optimizer", options(edit).memory(TopKConfiguration(k: 3), sizes))
    }
    let parameters = 4 * 1000 * 16
    #expect(optimizer { $0.optimizer.algorithm = .muon() } == parameters)
    #expect(optimizer { $0.optimizer.algorithm = .scheduleFreeSignDescent } == parameters)
    #expect(optimizer { $0.optimizer.averagingDecay = 0.99 } == 3 * parameters)
    #expect(
      part(
        "result", options { $0.data.normalization = .none }.memory(TopKConfiguration(k: 3), sizes))
        == nil)
    var variational = VariationalConfiguration(
      divergence: CoefficientSchedule(finalValue: 1, warmUpSteps: 0))
    variational.learnsVariance = true
    let estimate = options().memory(variational, sizes)
    #expect(part("parameters", estimate) == 4 * 1000 * 24)
    #expect(part("workspace", estimate) == 4 * 2 * 100 * 1000)
    // Targets are part of a row, and the decoder's width.
    let paired = TrainingSizes(
      Matrix(rows: 50, columns: 8), targets: Matrix(rows: 50, columns: 5), latentCount: 10)
    #expect(paired.inputDimension == 8 && paired.outputDimension == 5 && paired.rowWidth == 13)
    let transcoder = options().memory(TopKConfiguration(k: 3), paired)
    #expect(part("parameters", transcoder) == 4 * 10 * 13)
    #expect(part("mixing buffer", transcoder) == 4 * 50 * 13)
  }

  /// Sums and products that no number holds are the largest.
  @Test func nothingOverflows() {
    for (latents, batch, width) in [
      (Int.max, 1, 8), (1, Int.max, 8), (Int.max, Int.max, Int.max), (2_000_000_000, 4096, 1 << 40),
    ] {
      let estimate = options { $0.batchTokens = batch }.memory(
        TopKConfiguration(k: 1),
        TrainingSizes(width: width, latentCount: latents, sourceTokens: Int.max))
      #expect(estimate.bytes == Int.max)
      let error = #expect(throws: OptionError.self) { try estimate.check("training") }
      #expect(error?.description.contains("over 8589934592.0 GiB") == true)
    }
  }

  @Test func whatFitsIsLetThrough() throws {
    var estimate = MemoryEstimate()
    try estimate.check("nothing", available: 0)
    estimate.add("a", bytes: 3 << 30)
    estimate.add("b", floats: 1 << 28)
    estimate.add("a", bytes: 1 << 30)
    #expect(estimate.bytes == 5 << 30)
    try estimate.check("x", available: 5 << 30)
    let error = #expect(throws: OptionError.self) {
      try estimate.check("x", available: (5 << 30) - 1)
    }
    #expect(
      error?.description
        == "x: expected at most 5.0 GiB of memory, which this process may have, found a need of at "
        + "least 5.0 GiB (a 4.0, b 1.0)")
  }

  /// Told before anything is taken or read: the source refuses to be.
  @Test func runsAndSweepsAreRefusedBeforeTheyBegin() throws {
    let source = ClosureActivations(width: 8, tokens: 100) { _ in
      Issue.record("activations were read")
      return Matrix(rows: 0, columns: 8)
    }
    for (latents, batch) in [(2_000_000_000, 64), (16, 2_000_000_000_000), (Int(UInt32.max), 1)] {
      let error = #expect(throws: OptionError.self) {
        _ = try TrainingRun<TopKAutoencoder>(
          TopKConfiguration(k: 1), latentCount: latents, on: source,
          options: options { $0.batchTokens = batch })
      }
      #expect(error?.option == "training")
    }
    #expect(throws: OptionError.self) {
      _ = try TrainingSweep(on: source, options: options { $0.batchTokens = 2_000_000_000_000 })
    }
  }

  /// Members count together, and those alone that are members.
  @Test func aSweepTakesMembersUntilMemoryIsFull() throws {
    let configuration = TopKConfiguration(k: 1)
    let one = options().memberMemory(configuration, sizes).bytes
    let batches = options().batchMemory(TrainingSizes(width: 8, latentCount: 0, sourceTokens: 200))
      .bytes
    try Machine.$assumedMemory.withValue(batches + 2 * one + one / 2) {
      var sweep = try TrainingSweep(on: Matrix.random(200, 8, seed: 1), options: options())
      func add(_ latents: Int, k: Int = 1) throws {
        try sweep.add(TopKConfiguration(k: k), latentCount: latents)
      }
      // None of these becomes a member: too large, and impossible.
      for _ in 0..<3 {
        #expect(throws: OptionError.self) { try add(3000) }
        #expect(throws: ShapeError.self) { try add(1000, k: 1001) }
      }
      try add(1000)
      try add(1000)
      let error = #expect(throws: OptionError.self) { try add(1000) }
      #expect(error?.option == "training of 3 autoencoders")
      _ = try sweep.step()
    }
  }

  @Test func autoencodersAndTensorsThatDoNotFitAreRefused() throws {
    let folder = try ScratchFolder()
    let latents = 129
    let directory = folder.file("sae")
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let path = "\(directory)/sae_weights.safetensors"
    let header = SafetensorsHeader.encode(
      [
        TensorDeclaration("W_dec", .f32, [latents, 1024]),
        TensorDeclaration("W_enc", .f32, [1024, latents]),
        TensorDeclaration("b_dec", .f32, [1024]), TensorDeclaration("b_enc", .f32, [latents]),
      ], [:])
    #expect(FileManager.default.createFile(atPath: path, contents: Data(header)))
    let size = header.count + 4 * (2 * 1024 * latents + 1024 + latents)
    try #require(truncate(path, off_t(size)) == 0)
    try Data(
      """
      {"architecture": "standard", "d_in": 1024, "d_sae": \(latents), "dtype": "float32",
       "apply_b_dec_to_input": true, "normalize_activations": "none",
       "metadata": {"sae_lens_version": "6.0.0"}}
      """.utf8
    ).write(to: URL(fileURLWithPath: "\(directory)/cfg.json"))
    for body in [
      { _ = try SAEArchive.read(directory) }, { _ = try SAE.load(directory) },
      {
        let file = try SafetensorsFile(path)
        _ = try StoredTensor.checkMemory(file.tensors, path)
      },
    ] as [() throws -> Void] {
      try Machine.$assumedMemory.withValue(size + 1024, operation: body)
      let error = #expect(throws: FileError.self) {
        try Machine.$assumedMemory.withValue(1 << 20, operation: body)
      }
      guard case .insufficientMemory = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
  }
}
