/// An autoencoder that was opened from files, with what they say of it.
///
/// There is one way to open an autoencoder, whatever library wrote it: the layout is found, a factor that
/// activations were multiplied by in training is folded into the weights, and a scale of each token is
/// applied. Files with anything that would be dropped are refused.
public struct SAE: Sendable {
  /// Its directory or file.
  public let path: String
  /// How its files hold it.
  public let layout: SAELayout
  /// The archives of its files: one, or for a boosted autoencoder those of the base and of the booster.
  public let archives: [SAEArchive]
  /// The autoencoder, for activations as they are.
  public let autoencoder: any SparseAutoencoder

  /// Opens an autoencoder, for activations as they are.
  ///
  /// - Parameters:
  ///   - path: its directory, or the file with its weights.
  ///   - activationScale: the factor that activations were multiplied by in training, for files that say
  ///     that there was one and not which; 1 if the activations to come are scaled already.
  /// - Throws: ``FileError`` if there is none that this library runs, something about it is wrong,
  ///   or a factor is given that its files contradict.
  public static func open(
    _ path: String, activationScale: Double? = nil
  ) throws(FileError) -> SAE {
    let files = try SAEFiles.findAll(path)
    // A factor that only one of two lacks is for that one.
    let lacking = files.count > 1 && files.contains { $0.outline.lacksActivationScale }
    var archives: [SAEArchive] = []
    var autoencoders: [any StorableAutoencoder] = []
    for part in files {
      // Before the weights are read.
      var outline = part.outline
      let isAsked = !lacking || outline.lacksActivationScale || outline.activationScale != nil
      try outline.provide(activationScale: isAsked ? activationScale : nil)
      _ = try outline.storableType()
      var archive = try part.archive()
      archive.activationScale = outline.activationScale
      autoencoders.append(try archive.autoencoder())
      archives.append(archive)
    }
    guard files.count > 1 else {
      return SAE(
        path: path, layout: files[0].layout, archives: archives, autoencoder: autoencoders[0])
    }
    do {
      let pair = try BoostedPair(base: autoencoders[0], booster: autoencoders[1])
      return SAE(path: path, layout: .boosted, archives: archives, autoencoder: pair)
    } catch {
      throw error.of(file: path)
    }
  }

  /// Reads an autoencoder in any of the known layouts, ready to run on activations as they are.
  ///
  /// - Parameters:
  ///   - path: its directory, or the file with its weights.
  ///   - activationScale: as ``open(_:activationScale:)`` takes it.
  /// - Throws: ``FileError`` as ``open(_:activationScale:)`` does.
  public static func load(
    _ path: String, activationScale: Double? = nil
  ) throws(FileError) -> any SparseAutoencoder {
    try open(path, activationScale: activationScale).autoencoder
  }

  /// A description in a few words.
  public var architecture: String { archives.map { "\($0.architecture)" }.joined(separator: " + ") }

  /// Whether it reconstructs other activations than those it sees.
  public var isTranscoder: Bool { archives.contains { $0.architecture.isTranscoder } }

  /// A value from the metadata of its files; of several archives, the first that has it.
  public func metadata(_ name: String) -> JSONValue? {
    archives.lazy.compactMap { $0.metadata[name] }.first { $0 != .null }
  }
}
