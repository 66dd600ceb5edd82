/// Tells how far a study is.
public typealias StudyProgress = @Sendable (StudyEvent) -> Void

/// What a study is doing.
public enum StudyEvent: Sendable, Equatable {
  case harvest(_ name: String, done: Int, of: Int)
  /// Autoencoders that were found from before.
  case kept(autoencoders: Int, measurements: Int)
  /// Steps of a pass in which some autoencoders are trained together.
  case training(_ names: [String], step: Int, of: Int)
  case measuring(_ name: String, done: Int, of: Int)
  /// Sequences that the model has run with reconstructions in the activations' place.
  case loss(_ text: StudyText, done: Int, of: Int)
  case comparing
  case gathering(_ name: String)
}
