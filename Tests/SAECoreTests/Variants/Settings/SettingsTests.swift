import Foundation
import SAETestSupport
import Testing

@testable import SAECore

/// Settings as checkpoints hold them: by meaning, under keys that stay.
@Suite struct SettingsTests {
  /// Reads a description of version 0.1.0 as a variant's settings, and as options.
  private func type(of variant: String) -> (any (Codable & Equatable).Type)? {
    let types: [String: any (Codable & Equatable).Type] = [
      "TopKAutoencoder": TopKConfiguration.self,
      "BatchTopKAutoencoder": BatchTopKConfiguration.self,
      "MatryoshkaAutoencoder": MatryoshkaConfiguration.self,
      "JumpReLUAutoencoder": JumpReLUConfiguration.self,
      "GatedAutoencoder": GatedConfiguration.self,
      "ReLUAutoencoder": ReLUConfiguration.self, "AbsTopKAutoencoder": AbsTopKConfiguration.self,
      "GroupMaxAutoencoder": GroupMaxConfiguration.self, "Transcoder": TranscoderConfiguration.self,
      "MixtureAutoencoder": MixtureConfiguration.self,
      "MatchingPursuitAutoencoder": MatchingPursuitConfiguration.self,
      "VariationalAutoencoder": VariationalConfiguration.self, "options": TrainingOptions.self,
    ]
    return types[variant]
  }

  /// A value read from old settings has all of them, and comes back from its own.
  private func expectSame<Value: Codable & Equatable>(
    _: Value.Type, _ old: StoredSettings, _ text: String
  ) throws {
    let value = try old.decoded(as: Value.self)
    let complete = try StoredSettings(value, .complete)
    let absences = try StoredSettings(value, .absences)
    let difference = SettingsDifference.first(
      checkpoint: old.value, run: complete.value, absences: absences.value)
    #expect(difference == nil, "\(text)")
    for form in [SettingsForm.shortest, .complete] {
      #expect(try StoredSettings(value, form).decoded(as: Value.self) == value, "\(text)")
    }
    // Every property is among the fields; options have groups of them, which files have not.
    let properties = Mirror(reflecting: value).children.compactMap(\.label)
    let keys = complete.value.asObject?.members.map(\.key) ?? []
    if let options = value as? TrainingOptions {
      let names = OptionsReachTests.names(options)
      #expect(keys.count == names.count, "an option without a key, or a key without an option")
    } else {
      // The key is that of version 0.1.
      let expected = properties.map { $0 == "meanK" ? "k" : $0 }
      #expect(Set(keys) == Set(expected), "a property without a key, or a key without property")
    }
    // In the header of a checkpoint, too.
    let header = try JSONDecoder().decode(
      StoredSettings.self, from: JSONEncoder().encode(StoredSettings(value)))
    #expect(try header.decoded(as: Value.self) == value, "\(text)")
  }

  @Test func whatVersion1DescribedIsReadBack() throws {
    for (variant, text) in try OldCheckpoints.descriptions() {
      let old = try ReflectedSettings.settings(of: text, setting: "run", file: "f")
      let type = try #require(self.type(of: variant))
      try expectSame(type, old, text)
    }
  }

  @Test func textsThatAreNoSettingsAreRefused() throws {
    let texts = try OldCheckpoints.descriptions().map(\.text)
    var generator = RandomGenerator(seed: 4)
    for attempt in 0..<2000 {
      let text = texts[generator.index(below: texts.count)]
      let damaged = Data(text.utf8).damaged(attempt, &generator)
      let settings = try? ReflectedSettings.settings(
        of: String(decoding: damaged, as: UTF8.self), setting: "run", file: "f")
      _ = try? settings?.decoded(as: TopKConfiguration.self)
      _ = try? settings?.decoded(as: TrainingOptions.self)
    }
    for text in ["A(", "A(b: [1, 2)", "A)", String(repeating: "A(b: ", count: 10_000)] {
      #expect(throws: FileError.self, "\(text.prefix(20))") {
        try ReflectedSettings.settings(of: text, setting: "run", file: "f")
      }
    }
  }

  private func difference(
    _ json: String, _ configuration: some Encodable
  ) throws -> SettingsDifference? {
    SettingsDifference.first(
      checkpoint: try JSONValue.parse(Array(json.utf8), file: "f"),
      run: try StoredSettings(configuration, .complete).value,
      absences: try StoredSettings(configuration, .absences).value)
  }

  @Test func settingsAreComparedByMeaning() throws {
    var configuration = TopKConfiguration(k: 4)
    #expect(try difference(#"{"k": 4}"#, configuration) == nil)
    #expect(try difference(#"{"k": 4.0}"#, configuration) == nil)
    #expect(try difference(#"{"k": 4, "subtractsDecoderBias": true}"#, configuration) == nil)
    #expect(
      try difference(
        #"{"auxiliaryLoss": {"coefficient": 1, "form": {"rawScores": {}}}, "k": 4}"#, configuration)
        == nil)
    let k = try #require(try difference(#"{"k": 5}"#, configuration))
    #expect(k == SettingsDifference(setting: "k", inRun: "4", inCheckpoint: "5"))
    #expect(try difference("{}", configuration)?.setting == "k")
    // A later version's field, which would not be there without a meaning.
    let unknown = try #require(try difference(#"{"k": 4, "newOption": 7}"#, configuration))
    #expect(unknown == SettingsDifference(setting: "newOption", inRun: "none", inCheckpoint: "7"))
    // Off its default in the run, and absent in the checkpoint.
    configuration.auxiliaryLoss = nil
    let auxiliary = try #require(try difference(#"{"k": 4}"#, configuration))
    #expect(auxiliary.setting == "auxiliaryLoss" && auxiliary.inRun == "none")
    configuration.reconstructionLoss = .scaledMean(scale: 2)
    configuration.auxiliaryLoss = AuxiliaryLoss(.rawScores, coefficient: 1)
    let loss = try #require(
      try difference(
        #"{"k": 4, "reconstructionLoss": {"squaredErrorPerToken": {}}}"#, configuration))
    #expect(loss.setting == "reconstructionLoss" && loss.inCheckpoint == "squaredErrorPerToken")
    let scale = try #require(
      try difference(
        #"{"k": 4, "reconstructionLoss": {"scaledMean": {"scale": 3}}}"#, configuration))
    #expect(scale.setting == "reconstructionLoss.scaledMean.scale" && scale.inCheckpoint == "3")
  }

  /// Beyond 2⁵³ two whole numbers are one double.
  @Test func longSeedsDiffer() throws {
    var options = TrainingOptions(steps: 1)
    options.seed = .max
    let json = try StoredSettings(options).value.description
    #expect(try difference(json, options) == nil)
    options.seed -= 1
    #expect(try difference(json, options)?.setting == "seed")
  }

  @Test func numbersThatAreNotFiniteSurvive() throws {
    var configuration = JumpReLUConfiguration(coefficient: .one)
    configuration.bandwidth = .infinity
    configuration.initialL0 = -.infinity
    let read = try StoredSettings(configuration).decoded(as: JumpReLUConfiguration.self)
    #expect(read == configuration)
  }

  /// The keys are those of files: a change here makes older ones unreadable.
  @Test func theKeysAreThoseOfFiles() throws {
    var options = TrainingOptions(steps: 5)
    options.optimizer.algorithm = .adam(beta1: 0.5)
    options.revival.deadLatentRule = .stepsIncludingBatch(3)
    options.beginning.weights = .uniformEntries(rowNorm: 0.5)
    options.data.normalization = .layerNorm
    #expect(
      try StoredSettings(options).value.description
        == #"{"batchTokens": 4096, "deadLatentRule": {"stepsIncludingBatch": {"_0": 3, "#
        + #""firing": {"above": {"_0": 0.001}}}}, "normalization": "layer_norm", "#
        + #""optimizer": {"adam": {"beta1": 0.5, "epsilon": 1e-08}}, "seed": 0, "steps": 5, "#
        + #""weightInitialization": {"uniformEntries": {"rowNorm": 0.5}}}"#)
    let coefficient = CoefficientSchedule(finalValue: 0.5, warmUpSteps: 3)
    #expect(
      try StoredSettings(JumpReLUConfiguration.saeLens(coefficient: coefficient)).value.description
        == #"{"bandwidth": 0.05, "coefficient": {"finalValue": 0.5, "warmUpSteps": 3}, "#
        + #""estimator": {"threshold": {}}, "initialThreshold": 0.01, "preActivationLoss": null, "#
        + #""sparsityLoss": {"step": {}}}"#)
  }

  /// Written without `try`, refused by name when a run begins, and when a file is read.
  @Test func settingsThatMakeNoSenseAreRefused() throws {
    func check<Configuration: AutoencoderConfiguration & Decodable>(
      _ configuration: Configuration, _ option: String
    ) {
      let begun = refusedOption {
        try TrainingRun(
          configuration, latentCount: 8, on: Matrix.random(40, 4, seed: 1),
          options: TrainingOptions(steps: 2, batchTokens: 20))
      }
      #expect(begun == option)
      let read = refusedOption {
        try StoredSettings(configuration).decoded(as: Configuration.self)
      }
      #expect(read == option)
    }
    check(
      JumpReLUConfiguration(coefficient: CoefficientSchedule(finalValue: -1)),
      "coefficient.finalValue")
    check(
      ProLUConfiguration(coefficient: CoefficientSchedule(finalValue: 1, warmUpSteps: -1)),
      "coefficient.warmUpSteps")
    check(
      VariationalConfiguration(divergence: CoefficientSchedule(finalValue: .infinity)),
      "divergence.finalValue")
    check(.saeLens(coefficient: .one, exponent: 0) as ReLUConfiguration, "penalty.exponent")
    check(TopKConfiguration(k: 1, annealing: KAnnealing(steps: 0)), "annealing.steps")
    check(
      BatchTopKConfiguration(meanK: 1, annealing: KAnnealing(steps: 1, inputMultiple: 0)),
      "annealing.inputMultiple")
    check(MatryoshkaConfiguration(meanK: 1, annealing: KAnnealing(steps: -1)), "annealing.steps")
    for (annealing, option) in [
      (PAnnealing(to: 0, between: 1...5), "annealing"),
      (PAnnealing(to: -1, between: 1...5), "annealing.exponents"),
      (PAnnealing(to: .nan, between: 1...5), "annealing.exponents"),
      (PAnnealing(to: 0.5, between: -1...5), "annealing.updateSteps"),
      (PAnnealing(to: 0.5, between: Int.min...Int.max), "annealing.updateSteps"),
      (PAnnealing(to: 0.5, between: 1...5, updates: -3), "annealing.updates"),
      (PAnnealing(to: 0.5, between: 1...5, updates: .max), "annealing.updates"),
      (PAnnealing(to: 0.5, between: 1...5, queueLength: 0), "annealing.queueLength"),
    ] {
      check(GatedConfiguration.pAnnealing(annealing, coefficient: .one), option)
    }
    let late = PAnnealing(to: 0.5, between: 0...Int.max, updates: 2)
    #expect(late.updateSteps == [0, Int.max])
  }

  @Test func optionsThatMakeNoSenseAreRefused() throws {
    let options = TrainingOptions(
      steps: 2, batchTokens: 20,
      revival: .init(resampling: Resampling(convention: .anthropic, period: 0)))
    let begun = refusedOption {
      try TrainingRun(
        ReLUConfiguration(coefficient: .one), latentCount: 8, on: Matrix.random(40, 4, seed: 1),
        options: options)
    }
    let read = refusedOption { try StoredSettings(options).decoded(as: TrainingOptions.self) }
    #expect(begun == "resampling.period" && read == "resampling.period")
  }
}
