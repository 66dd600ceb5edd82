import ArgumentParser
import SAECore

/// The option for opening an autoencoder, shared by the commands that open one.
struct AutoencoderOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The factor that activations were multiplied by in training, for autoencoders whose files say "
        + "that there was one (normalize_activations: expected_average_only_in) but lack it; 1 if the "
        + "activations are scaled already.",
      valueName: "factor"))
  var activationScale: Double?

  static var rules: [OptionRule<AutoencoderOptions>] {
    [
      OptionRule("activation-scale", .positive(upTo: 1e12))
    ]
  }

  /// Opens an autoencoder.
  func open(_ path: String) throws -> SAE {
    try naming { try SAE.open(path, activationScale: activationScale) }
  }

  /// Does what takes the factor; where the factor is wrong or missing, the option is named.
  ///
  /// - Throws: ``UsageError`` in the place of the error of a factor that was given.
  func naming<Result>(_ work: () throws -> Result) throws -> Result {
    do {
      return try work()
    } catch FileError.invalidSetting(let file, "activation scale", let expected, let found)
      where activationScale != nil
    {
      throw UsageError("--activation-scale: \(file): expected \(expected), found \(found)")
    } catch let error as FileError {
      throw error.namingOption
    }
  }

  /// Opens several; the factor is for those whose files lack one.
  func open(_ paths: [String]) throws -> [SAE] {
    guard let activationScale, paths.count > 1 else { return try paths.map { try open($0) } }
    var isNeeded = false
    let opened = try paths.map { path in
      let outlines = try SAEFiles.findAll(path).map(\.outline)
      isNeeded = isNeeded || outlines.contains(where: \.lacksActivationScale)
      let isNone = outlines.allSatisfy {
        $0.inputNormalization != .averageOnly && $0.activationScale == nil
      }
      return try naming { try SAE.open(path, activationScale: isNone ? nil : activationScale) }
    }
    guard isNeeded else {
      throw UsageError(
        "--activation-scale: expected an autoencoder whose files lack the factor, found none")
    }
    return opened
  }
}

extension FileError {
  /// The same; where the factor of the activations is missing, with the option that gives it.
  var namingOption: FileError {
    guard case .invalidSetting(let file, "activation scale", let expected, "none") = self else {
      return self
    }
    return .invalidSetting(
      file: file, setting: "activation scale", expected: "\(expected) (--activation-scale)",
      found: "none")
  }
}

extension SAE {
  /// Throws unless it reconstructs its own input.
  func checkReconstructsItsInput() throws {
    guard !isTranscoder else {
      throw ToolError(
        "\(path): expected an autoencoder, which reconstructs its own input, found a "
          + architecture)
    }
  }
}
