import Foundation
import SAECore

/// All settings that decide the results of a study.
///
/// In a JSON file the keys are the names of the command's options: `held-out`, `training-tokens`.
public struct StudyConfiguration: Codable, Equatable, Sendable {
  /// Directory of the language model, in Hugging Face's layout.
  public var model: String?
  /// The layer whose output is studied, from 0.
  public var layer: Int?
  /// Files of token ids (npy), one stream each, to train on.
  public var domain: [String] = []
  public var broad: [String] = []
  /// Files of token ids to judge on; without them the last tenth of the training tokens is held out.
  public var heldOut: [String] = []
  public var heldOutBroad: [String] = []
  /// Files of activations that take the place of harvested ones, row i belonging to token i.
  public var domainActivations: [String] = []
  public var broadActivations: [String] = []
  public var heldOutActivations: [String] = []
  public var heldOutBroadActivations: [String] = []

  /// Widths of the dictionaries.
  public var latents: [Int] = [1024, 4096]
  public var architecture: Variant = "jumprelu"
  /// Active latents of a token to aim at, or coefficients, as the variant has it.
  public var sparsity: [Double] = [16, 32, 64]
  /// How often each autoencoder is trained, with different seeds.
  public var seeds = 3
  /// The first of them.
  public var seed: UInt64 = 0
  /// Latents of the domain autoencoder that boosts a broad one; 0 leaves that contender out, nil takes a
  /// quarter of the broad one's.
  public var boosterLatents: Int?

  /// Different tokens that each arm may train on, at most: the same number for both.
  public var streamTokens = 1_000_000
  /// Tokens that each autoencoder is trained on, repetitions counted.
  public var trainingTokens = 4_000_000
  public var batch = 2048
  /// Peak learning rate; nil takes the variant's own law.
  public var learningRate: Double?
  /// Tokens to judge on, of each kind of text; half of them to fit the linear part of the error.
  public var heldOutTokens = 40_000
  /// Tokens that the model's loss is measured on, of each kind of text; 0 leaves the loss out.
  public var lossTokens = 20_000
  /// Tokens of the stream in a sequence that the model runs.
  public var context = 255
  /// Autoencoders that are trained in one pass over the activations: memory against time.
  public var atATime = 6
  /// Whether pieces of activations with NaN or infinity are left out, in the place of an error.
  public var skipNonfinite = false
  /// Whether activations, autoencoders and the model may be of different origins.
  public var allowMismatch = false
  /// A program that judges the latents on the page, run by the shell; nil if nothing is to be judged.
  public var judge: String?
  /// Latents to judge of each dictionary on the page, at most.
  public var judgeLatents = 100
  /// Seconds to wait for an answer of the judge.
  public var judgeSeconds = 120.0

  public init() {}

  enum CodingKeys: String, CodingKey, CaseIterable {
    case model, layer, domain, broad
    case heldOut = "held-out"
    case heldOutBroad = "held-out-broad"
    case domainActivations = "domain-activations"
    case broadActivations = "broad-activations"
    case heldOutActivations = "held-out-activations"
    case heldOutBroadActivations = "held-out-broad-activations"
    case latents, architecture, sparsity, seeds, seed
    case boosterLatents = "booster-latents"
    case streamTokens = "stream-tokens"
    case trainingTokens = "training-tokens"
    case batch
    case learningRate = "lr"
    case heldOutTokens = "held-out-tokens"
    case lossTokens = "loss-tokens"
    case context
    case atATime = "at-a-time"
    case skipNonfinite = "skip-nonfinite"
    case allowMismatch = "allow-mismatch"
    case judge
    case judgeLatents = "judge-latents"
    case judgeSeconds = "judge-seconds"
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    func read<Value: Decodable>(_ key: CodingKeys, _ value: inout Value) throws {
      if let found = try values.decodeIfPresent(Value.self, forKey: key) { value = found }
    }
    model = try values.decodeIfPresent(String.self, forKey: .model)
    layer = try values.decodeIfPresent(Int.self, forKey: .layer)
    boosterLatents = try values.decodeIfPresent(Int.self, forKey: .boosterLatents)
    learningRate = try values.decodeIfPresent(Double.self, forKey: .learningRate)
    judge = try values.decodeIfPresent(String.self, forKey: .judge)
    try read(.domain, &domain)
    try read(.broad, &broad)
    try read(.heldOut, &heldOut)
    try read(.heldOutBroad, &heldOutBroad)
    try read(.domainActivations, &domainActivations)
    try read(.broadActivations, &broadActivations)
    try read(.heldOutActivations, &heldOutActivations)
    try read(.heldOutBroadActivations, &heldOutBroadActivations)
    try read(.latents, &latents)
    try read(.architecture, &architecture)
    try read(.sparsity, &sparsity)
    try read(.seeds, &seeds)
    try read(.seed, &seed)
    try read(.streamTokens, &streamTokens)
    try read(.trainingTokens, &trainingTokens)
    try read(.batch, &batch)
    try read(.heldOutTokens, &heldOutTokens)
    try read(.lossTokens, &lossTokens)
    try read(.context, &context)
    try read(.atATime, &atATime)
    try read(.skipNonfinite, &skipNonfinite)
    try read(.allowMismatch, &allowMismatch)
    try read(.judgeLatents, &judgeLatents)
    try read(.judgeSeconds, &judgeSeconds)
  }
}

extension StudyConfiguration {
  /// Latents of the booster of a broad autoencoder.
  public func boosterLatents(for latents: Int) -> Int { boosterLatents ?? max(1, latents / 4) }

  /// Whether there is a third contender.
  public var boosts: Bool { boosterLatents != 0 }

  /// Whether the held-out domain text is known, not just its activations.
  var knowsTokens: Bool { !heldOut.isEmpty || heldOutActivations.isEmpty && !domain.isEmpty }

  /// The names of the settings that differ from another configuration's, in order.
  public func settings(unlike other: StudyConfiguration) -> [String] {
    func values(_ configuration: StudyConfiguration) -> [String: String] {
      guard let data = try? StudyJSON.encode(configuration),
        let object = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any]
      else { return [:] }
      return object.mapValues { "\($0)" }
    }
    let (mine, others) = (values(self), values(other))
    return Set(mine.keys).union(others.keys).filter { mine[$0] != others[$0] }.sorted()
  }

  /// The largest coefficient or rate: beyond it nothing is left of a loss in float32.
  static let largestNumber = 1e9

  /// Steps of each training.
  public var steps: Int { max(1, trainingTokens / max(1, batch)) }

  /// A larger one leaves nothing of the reconstruction error, in float32.
  private static let largestCoefficient = 1e6
  /// A larger grid is a mistake.
  private static let mostAutoencoders = 10_000

  /// How many autoencoders there are to train; nil where no `Int` holds the number.
  private var planCount: Int? {
    var count = boosts ? 3 : 2
    for factor in [seeds, latents.count, sparsity.count] {
      let (product, overflows) = count.multipliedReportingOverflow(by: factor)
      if overflows { return nil }
      count = product
    }
    return count
  }

  /// Checks the settings that do not depend on files.
  ///
  /// - Throws: ``StudyError`` naming the option.
  public func check() throws(StudyError) {
    let most = 1_000_000_000_000_000
    let counts: [(CodingKeys, Int, ClosedRange<Int>)] = [
      (.seeds, seeds, 1...10_000), (.streamTokens, streamTokens, 1...most),
      (.trainingTokens, trainingTokens, 1...most), (.batch, batch, 1...Int(Int32.max)),
      (.heldOutTokens, heldOutTokens, 1...most), (.lossTokens, lossTokens, 0...most),
      (.context, context, 1...Int(Int32.max)), (.atATime, atATime, 1...10_000),
      (.judgeLatents, judgeLatents, 1...Int(UInt32.max)),
      (.boosterLatents, boosterLatents ?? 0, 0...Int(UInt32.max)),
      (.layer, layer ?? 0, 0...100_000),
    ]
    for (key, value, range) in counts where !range.contains(value) {
      throw StudyError(
        "--\(key.rawValue)", expected: "\(range.lowerBound) to \(range.upperBound)",
        found: "\(value)")
    }
    guard !latents.isEmpty, latents.allSatisfy({ (1...Int(UInt32.max)).contains($0) }),
      Set(latents).count == latents.count
    else {
      throw StudyError(
        "--latents", expected: "different numbers from 1 to \(UInt32.max)", found: "\(latents)")
    }
    guard !sparsity.isEmpty,
      sparsity.allSatisfy({ $0 > 0 && $0 <= StudyConfiguration.largestNumber }),
      Set(sparsity).count == sparsity.count
    else {
      throw StudyError(
        "--sparsity", expected: "different numbers above 0, at most 1e9", found: "\(sparsity)")
    }
    if !architecture.aimsAtL0, let most = sparsity.max(), most > Self.largestCoefficient {
      throw StudyError(
        "--sparsity", expected: "coefficients of at most \(Self.largestCoefficient)",
        found: "\(most)")
    }
    guard let count = planCount, count <= Self.mostAutoencoders else {
      throw StudyError(
        "--seeds", expected: "at most \(Self.mostAutoencoders) autoencoders to train in all",
        found: planCount.map { "\($0)" } ?? "more than can be counted")
    }
    guard !architecture.takesTargets else {
      throw StudyError(
        "--architecture", expected: "a variant that reconstructs its own input",
        found: architecture.name)
    }
    for plan in plans {
      try check(sparsity: plan.sparsity, latents: plan.latents)
      guard plan.arm == .boosted else { continue }
      try check(
        sparsity: boosterSparsity(plan.sparsity), latents: boosterLatents(for: plan.latents))
    }
    for (key, value) in [(CodingKeys.learningRate, learningRate), (.judgeSeconds, judgeSeconds)] {
      guard let value, !(value > 0 && value <= StudyConfiguration.largestNumber) else { continue }
      throw StudyError(
        "--\(key.rawValue)", expected: "a number above 0, at most 1e9", found: "\(value)")
    }
  }

  /// The settings of a training of so many latents.
  func settings(sparsity: Double, latents: Int) -> VariantSettings {
    var settings = VariantSettings(latentCount: latents, steps: steps)
    if architecture.aimsAtL0 { settings.k = sparsity } else { settings.coefficient = sparsity }
    return settings
  }

  /// Throws unless the variant can be trained so.
  private func check(sparsity: Double, latents: Int) throws(StudyError) {
    let settings = settings(sparsity: sparsity, latents: latents)
    do {
      _ = try architecture.training.configuration(settings)
    } catch let error as OptionError {
      throw StudyError(
        error.option == "k" ? "--sparsity" : "--latents", expected: error.expected,
        found: error.found)
    } catch {
      throw StudyError("--architecture \(architecture.name): \(error)")
    }
  }

  /// Reads a file.
  ///
  /// - Throws: ``StudyError`` naming the file and the key if it is malformed, has a key that no
  ///   option has, or cannot be read.
  public init(file: String) throws(StudyError) {
    guard let data = FileManager.default.contents(atPath: file) else {
      throw StudyError(file, expected: "a file of JSON", found: "a file that cannot be read")
    }
    let known = Set(CodingKeys.allCases.map(\.rawValue))
    guard let object = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] else {
      if (try? JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)) != nil {
        throw StudyError(file, expected: "a JSON object", found: "another JSON value")
      }
      if ["{", "["].contains(String(decoding: data.prefix(1), as: UTF8.self)) {
        throw StudyError(file, expected: "a JSON object", found: "JSON text that is malformed")
      }
      throw StudyError("\(FileError.unexpected(file, expected: "a JSON object"))")
    }
    for key in object.keys.sorted() where !known.contains(key) {
      throw StudyError(
        file, expected: "keys among \(known.sorted().joined(separator: ", "))",
        found: "\"\(key)\"")
    }
    do {
      self = try JSONDecoder().decode(StudyConfiguration.self, from: data)
    } catch let error as DecodingError {
      throw StudyError("\(file): \(StudyConfiguration.text(error))")
    } catch {
      throw StudyError("\(file): \(error)")
    }
  }

  private static func text(_ error: DecodingError) -> String {
    func path(_ context: DecodingError.Context) -> String {
      "\"" + context.codingPath.map(\.stringValue).joined(separator: ".") + "\""
    }
    switch error {
    case .typeMismatch(let type, let context):
      return "\(path(context)): expected \(type), found another type"
    case .valueNotFound(let type, let context):
      return "\(path(context)): expected \(type), found null"
    case .dataCorrupted(let context):
      return "\(path(context)): \(context.debugDescription)"
    default: return "\(error)"
    }
  }
}
