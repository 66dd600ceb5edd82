/// A layout in which other libraries publish autoencoders, and which this library reads.
///
/// A new one is one type, its entry in ``PublishedLayouts/all``, and its ``SAELayout``.
protocol PublishedLayout {
  static var layout: SAELayout { get }

  /// The file of weights of a directory with these names, relative to it; nil unless the names alone tell
  /// the layout.
  static func weights(in names: [String]) -> String?

  /// Whether a file of weights has this layout.
  static func isOne(_ weights: SAECandidate.Weights, at place: WeightsPlace) -> Bool

  /// Reads the description of the weights.
  static func read(_ tensors: NamedTensors, at place: WeightsPlace) throws(FileError) -> SAEFiles
}

extension PublishedLayout {
  static func weights(in names: [String]) -> String? { nil }
}

/// Where a file of weights is.
struct WeightsPlace {
  let directory: String
  let name: String

  /// The directory's own directory.
  var parent: String { Path.split(directory).folder }

  /// The directory's name.
  var folder: String { Path.split(directory).name }

  /// The path of a file beside it, if there is one.
  func beside(_ name: String) -> String? {
    let path = "\(directory)/\(name)"
    return SystemCall.exists(path) ? path : nil
  }
}

enum PublishedLayouts {
  /// In the order in which they are tried.
  static var all: [any PublishedLayout.Type] {
    [
      DictionaryLearning.self, LlamaScope.self, DistilledLlamaScope.self, Llamascopium.self,
      OpenAI.self, Goodfire.self, AttentionOutputs.self, QwenScope.self, CircuitTracer.self,
      DeepSeekR1.self,
    ]
  }

  static func reader(_ layout: SAELayout) -> (any PublishedLayout.Type)? {
    all.first { $0.layout == layout }
  }
}
