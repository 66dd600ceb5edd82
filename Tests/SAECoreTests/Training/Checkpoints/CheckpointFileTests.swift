import Foundation
import SAETestSupport
import Testing

@testable import SAECore

/// What checkpoints do with files that are not what they were, and runs that are others.
@Suite struct CheckpointFileTests {
  static let source = Matrix.random(80, 5, seed: 1)

  static var options: TrainingOptions {
    var options = TrainingOptions(steps: 4)
    options.batchTokens = 16
    return options
  }

  static func run(_ steps: Int = 2) throws -> TrainingRun<BatchTopKAutoencoder> {
    var run = try TrainingRun<BatchTopKAutoencoder>(
      BatchTopKConfiguration(meanK: 2), latentCount: 12, on: source, options: options)
    for _ in 0..<steps { _ = try run.step() }
    return run
  }

  static func resume(_ checkpoint: TrainingCheckpoint) throws {
    _ = try TrainingRun<BatchTopKAutoencoder>(
      BatchTopKConfiguration(meanK: 2), latentCount: 12, on: source, options: options,
      from: checkpoint)
  }

  @Test func numbersThatJSONHasNoWordForSurvive() throws {
    let folder = try ScratchFolder()
    var checkpoint = try Self.run().checkpoint(metadata: ["ü \"": "\n"])
    checkpoint.scaling = .factor(0.1 + 0.2)
    checkpoint.trainer.model["threshold"] = [-0.0]
    checkpoint.trainer.parameters[.encoder][0, 0] = -0.0
    checkpoint.trainer.parameters[.encoder][0, 1] = .infinity
    checkpoint.trainer.optimizer.numbers["step"] = .infinity
    checkpoint.position.generator[1] = .max
    try checkpoint.write(to: folder.file("c"))
    let read = try TrainingCheckpoint(contentsOf: folder.file("c"))
    #expect(read.trainer == checkpoint.trainer && read.metadata == checkpoint.metadata)
    #expect(read.scaling == checkpoint.scaling && read.position == checkpoint.position)
    #expect(read.trainer.model["threshold"]?.first?.sign == .minus)
    #expect(read.trainer.parameters[.encoder][0, 0].sign == .minus)
    checkpoint.scaling = .factor(.nan)
    #expect(throws: FileError.self) { try checkpoint.write(to: folder.file("d")) }
    #expect(folder.names == ["c"])
  }

  /// Every byte of both files changed in turn, and every length: an error or the same checkpoint,
  /// never another one.
  @Test func whatIsCorruptIsRefused() throws {
    let folder = try ScratchFolder()
    let checkpoint = try Self.run().checkpoint()
    try checkpoint.write(to: folder.file("c"))
    var generator = RandomGenerator(seed: 3)
    for name in ["checkpoint.json", "state.safetensors"] {
      let path = folder.file("c/\(name)")
      let good = try #require(FileManager.default.contents(atPath: path))
      for attempt in 0..<400 {
        try good.damaged(attempt, &generator).write(to: URL(fileURLWithPath: path))
        do {
          let read = try TrainingCheckpoint(contentsOf: folder.file("c"))
          // The state is protected by its checksum; of the text, a digit may have changed.
          #expect(name == "checkpoint.json")
          try Self.resume(read)
        } catch let error {
          #expect(
            error is FileError || error is OptionError || error is TrainingError,
            "\(error)")
        }
      }
      try good.write(to: URL(fileURLWithPath: path))
    }
    try Self.resume(TrainingCheckpoint(contentsOf: folder.file("c")))
  }

  @Test func numbersThatCannotBeAreRefused() throws {
    let good = try Self.run().checkpoint()
    try Self.resume(good)
    let edits: [(inout TrainingCheckpoint) -> Void] = [
      { $0.trainer.step = -1 }, { $0.trainer.step = 5 }, { $0.trainer.tokens = .max },
      { $0.trainer.tokens = -3 }, { $0.trainer.sinceFiring[3] = .max },
      { $0.trainer.sinceFiring[0] = -1 },
      { $0.trainer.sinceFiring.removeLast() }, { $0.scaling = .factor(0) },
      { $0.scaling = .factor(.infinity) }, { $0.scaling = .identity }, { $0.scaling = .layerNorm },
      { $0.trainer.model = ["threshold": [1, 2]] }, { $0.trainer.model = ["other": []] },
      { $0.trainer.parameters = [.encoder: Matrix(rows: 12, columns: 5)] },
      { $0.trainer.parameters[.encoder] = Matrix(rows: 5, columns: 12) },
      { $0.trainer.optimizer.parameters["first_moments"] = nil },
      {
        $0.trainer.optimizer.parameters["second_moments"]?[.encoderBias] = Matrix(
          rows: 1, columns: 3)
      },
      { $0.trainer.optimizer.numbers = [:] }, { $0.trainer.optimizer.numbers["step"] = 0.5 },
      { $0.trainer.optimizer.numbers["step"] = -1 },
      { $0.trainer.optimizer.numbers["step"] = .nan },
      { $0.position.tokens = 81 }, { $0.position.drawn = 81 }, { $0.position.drawn = -1 },
      { $0.position.epoch = -1 }, { $0.position.blockTokens = 0 },
      { $0.position.bufferTokens = 1 << 60 }, { $0.position.generator = [0, 0, 0, 0] },
      { $0.position.generator = [1] }, { $0.run.variant = "x" }, { $0.run.latents = 1 },
    ]
    for (index, edit) in edits.enumerated() {
      var bad = good
      edit(&bad)
      #expect("edit \(index)") {
        try Self.resume(bad)
      } throws: { error in
        error is FileError || error is OptionError
      }
    }
  }

  @Test func anotherRunIsRefusedByTheSettingThatDiffers() throws {
    let folder = try ScratchFolder()
    try Self.run().checkpoint().write(to: folder.file("c"))
    let checkpoint = try TrainingCheckpoint(contentsOf: folder.file("c"))
    func setting(
      _ k: Double = 2, latents: Int = 12, _ edit: (inout TrainingOptions) -> Void = { _ in }
    ) throws -> String? {
      var options = Self.options
      edit(&options)
      do {
        _ = try TrainingRun<BatchTopKAutoencoder>(
          BatchTopKConfiguration(meanK: k), latentCount: latents, on: Self.source, options: options,
          from: checkpoint)
        return nil
      } catch FileError.invalidSetting(let file, let setting, _, _) {
        #expect(file == folder.file("c"))
        return setting
      }
    }
    #expect(try setting() == nil)
    #expect(try setting(3) == "configuration.k")
    #expect(try setting(latents: 13) == "latents")
    #expect(try setting { $0.seed = 1 } == "options.seed")
    #expect(try setting { $0.steps = 5 } == "options.steps")
    #expect(throws: FileError.self) {
      _ = try TrainingRun<TopKAutoencoder>(
        TopKConfiguration(k: 2), latentCount: 12, on: Self.source, options: Self.options,
        from: checkpoint)
    }
    // The same run on fewer rows.
    #expect(throws: OptionError.self) {
      _ = try TrainingRun<BatchTopKAutoencoder>(
        BatchTopKConfiguration(meanK: 2), latentCount: 12, on: Matrix.random(79, 5, seed: 1),
        options: Self.options, from: checkpoint)
    }
  }

  @Test func aFolderKeepsTheLast() throws {
    let scratch = try ScratchFolder()
    let folder = try CheckpointFolder(scratch.file("run"), keeping: 2)
    #expect(throws: FileError.self) { try folder.latest() }
    var run = try Self.run(0)
    try folder.write(run.checkpoint())
    while try run.step() != nil { try folder.write(run.checkpoint()) }
    func names() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }
    #expect(try names() == ["step-000000000003", "step-000000000004"])
    #expect(try folder.latest() == folder.path + "/step-000000000004")
    #expect(CheckpointFolder.isCheckpoint(try folder.latest()))
    #expect(!CheckpointFolder.isCheckpoint(folder.path))
    // What a killed run leaves goes, what is somebody else's stays.
    for name in [".step-000000000002.x1.partial", "notes", "step-old"] {
      try FileManager.default.createDirectory(
        atPath: "\(folder.path)/\(name)", withIntermediateDirectories: true)
    }
    // An earlier one, written again, does not push out later ones, nor is it removed itself.
    try folder.write(Self.run(1).checkpoint())
    #expect(
      try names() == [
        "notes", "step-000000000001", "step-000000000003", "step-000000000004", "step-old",
      ])
    try folder.removeAll()
    #expect(try names() == ["notes", "step-old"])
    #expect(throws: OptionError.self) { try CheckpointFolder("x", keeping: 0) }
  }
}
