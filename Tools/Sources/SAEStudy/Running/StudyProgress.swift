/// Tells how far a study is. An error from it ends the study there, a training after the checkpoint from
/// which the same study goes on.
public typealias StudyProgress = @Sendable (StudyEvent) throws -> Void

/// The work that a study is doing.
public enum StudyEvent: Sendable, Equatable {
  /// The subject of the study, and the number of autoencoders.
  case begins(_ subject: String, autoencoders: Int)
  case harvest(_ name: String, done: Int, of: Int)
  /// Autoencoders that were found from before.
  case kept(autoencoders: Int, measurements: Int)
  /// The step after which a pass goes on that was interrupted.
  case resuming(_ names: [String], step: Int)
  /// Steps of a pass in which some autoencoders are trained together.
  case training(_ names: [String], step: Int, of: Int)
  case measuring(_ name: String, done: Int, of: Int)
  /// Sequences that the model has run with reconstructions in the activations' place.
  case loss(_ text: StudyText, done: Int, of: Int)
  /// A note for the reader of the results.
  case note(String)
  case comparing
  case gathering(_ name: String)
  /// Latents that the judge has been asked about.
  case judging(_ name: String, done: Int, of: Int)
}
