extension TokenStream {
  /// Opens what has tokens, or becomes tokens: a NumPy file of ids, or a file or folder of texts, which the
  /// tokenizer in the model's directory takes apart.
  ///
  /// Documents are joined by the token that ends a text by the model's configuration, if it names one. Texts in
  /// files of records are in the field `text`; ``CorpusTokens`` takes other settings.
  ///
  /// - Parameters:
  ///   - path: the file or folder.
  ///   - model: the model's directory, in Hugging Face's layout.
  ///   - limit: the first so many tokens of a text alone; nil for all.
  ///   - progress: called after each part of a text.
  /// - Throws: `FileError` or ``ModelError``, with file and line where texts are broken.
  public init(
    opening path: String, model: String, limit: Int? = nil,
    progress: (_ done: CorpusTokens.Progress, _ corpus: TextCorpus) throws -> Void = { _, _ in }
  ) throws {
    guard TextCorpus.isText(path) else {
      try self.init(npy: path)
      return
    }
    let vocabulary = try ModelVocabulary(directory: model)
    let corpus = try TextCorpus([path])
    let tokens = try CorpusTokens(
      corpus, Tokenizer(model),
      options: CorpusTokens.Options(separator: vocabulary.endOfText, limit: limit),
      vocabularySize: vocabulary.size)
    self = try tokens.stream { try progress($0, corpus) }
  }
}
