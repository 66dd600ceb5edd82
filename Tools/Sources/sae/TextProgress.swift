import SAECore
import SAEModels

extension TokenStream {
  /// Opens tokens, or takes texts apart with a line of progress.
  ///
  /// - Parameters:
  ///   - path: a NumPy file, or a file or folder of texts.
  ///   - model: the model's directory, which has the tokenizer.
  ///   - limit: the first so many tokens of a text alone; nil for all.
  init(taking path: String, apartFor model: String, limit: Int? = nil) throws {
    var progress: Progress?
    try self.init(opening: path, model: model, limit: limit) { done, corpus in
      try Interruption.stopIfAsked()
      var shown = progress ?? Progress(total: corpus.byteCount)
      shown.showText(done)
      progress = shown
    }
  }
}

extension Progress {
  /// Shows how far texts have been taken apart.
  mutating func showText(_ done: CorpusTokens.Progress) {
    guard isDue(done.bytes) else { return }
    let rate = Double(done.tokens) / max(elapsed, 1e-9)
    show(
      done.bytes, "bytes of text  \(grouped(Double(done.tokens))) tokens  \(grouped(rate)) tokens/s"
    )
  }
}
