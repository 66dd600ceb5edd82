/// How files hold a sparse autoencoder.
public enum SAELayout: String, Sendable, CaseIterable {
  /// `cfg.json` and `sae_weights.safetensors`, as SAELens writes them.
  case saeLens = "saelens"
  /// One `params.npz`.
  case gemmaScope = "gemma-scope"
  /// `params.safetensors` and `config.json`; read only.
  case gemmaScope2 = "gemma-scope-2"
  /// `cfg.json` and `sae.safetensors`, as sparsify writes them.
  case sparsify
  /// One safetensors file that has its configuration in its header.
  case safetensors
  /// `boosted.json` and two directories, an autoencoder and one that reconstructs its error.
  case boosted
  /// `config.json` and `ae.pt`, as dictionary_learning writes them; read only, as all that follow.
  case dictionaryLearning = "dictionary-learning"
  /// Llama Scope's `hyperparams.json` and `checkpoints/final.safetensors`.
  case llamaScope = "llama-scope"
  /// Llama Scope's autoencoders of a distilled R1.
  case distilledLlamaScope = "llama-scope-r1"
  /// `config.json` and `sae_weights.safetensors`, as Llamascopium writes them.
  case llamascopium
  /// circuit-tracer's `layer_{i}.safetensors`.
  case circuitTracer = "circuit-tracer"
  /// OpenAI's PyTorch files.
  case openAI = "openai"
  /// Goodfire's PyTorch files.
  case goodfire
  /// PyTorch files of autoencoders of DeepSeek-R1.
  case deepSeekR1 = "deepseek-r1"
  /// PyTorch files of autoencoders of attention heads' outputs.
  case attentionOutputs = "attention-outputs"
  /// Qwen Scope's PyTorch files.
  case qwenScope = "qwen-scope"
}

extension SAEArchive {
  /// Reads what files hold of an autoencoder, in whichever of the known layouts it is, without the
  /// means to run it; ``SAE/load(_:activationScale:)`` reads one to be run.
  ///
  /// - Parameter path: its directory, or the file with its weights. Their content tells the layout; names
  ///   count only where a directory holds several candidates.
  /// - Returns: the autoencoder and the layout that it was found in.
  /// - Throws: ``FileError`` if there is none, or something about it is wrong.
  public static func read(
    _ path: String
  ) throws(FileError) -> (archive: SAEArchive, layout: SAELayout) {
    let files = try SAEFiles.find(path)
    return (try files.archive(), files.layout)
  }

  /// Writes an autoencoder as a new directory, or in one file, which appears when it is complete.
  ///
  /// - Parameters:
  ///   - path: the directory or file; its parent must exist.
  ///   - layout: how; ``SAELayout/boosted`` takes two, and some layouts are only read.
  ///     nil is a directory in SAELens' form; an architecture without a name in SAELens gets one of this
  ///     library's.
  ///   - replacing: whether an autoencoder of that name, with ``SAELayout/safetensors`` one in a file,
  ///     gives way. Anything else stays.
  /// - Throws: ``FileError`` if the layout cannot express the autoencoder, something is there
  ///   that stays, or the disk refuses.
  public func write(
    to path: String, as layout: SAELayout? = nil, replacing: Bool = false
  ) throws(FileError) {
    try write(to: Destination(path), as: layout, replacing: replacing)
  }

  /// Writes an autoencoder as a new directory to a destination that was made before.
  ///
  /// - Parameters:
  ///   - destination: where; its folder may have been renamed meanwhile.
  ///   - layout: how.
  ///   - replacing: whether an autoencoder of that name gives way.
  /// - Throws: as where the path is given.
  public func write(
    to destination: Destination, as layout: SAELayout? = nil, replacing: Bool = false
  ) throws(FileError) {
    let old: Artifact? = replacing ? .autoencoder : nil
    switch layout {
    case nil: try SAELensDirectory.write(self, to: destination, replacing: old)
    case .saeLens:
      guard architecture.saeLensName != nil else {
        throw .notRepresentable(
          file: destination.path, layout: "SAELens", what: "a \(architecture)")
      }
      try SAELensDirectory.write(self, to: destination, replacing: old)
    case .gemmaScope: try GemmaScope.write(self, to: destination, replacing: old)
    case .sparsify: try Sparsify.write(self, to: destination, replacing: old)
    case .safetensors:
      try SelfDescribingWeights.write(self, to: destination.path, replacing: replacing)
    case .gemmaScope2:
      throw .notRepresentable(
        file: destination.path, layout: "Gemma Scope 2", what: "anything: it is only read")
    case .boosted:
      throw .notRepresentable(
        file: destination.path, layout: "a boosted autoencoder", what: "one alone: it holds two")
    default:
      throw .notRepresentable(
        file: destination.path, layout: layout?.rawValue ?? "", what: "anything: it is only read")
    }
  }
}
