/// Tells how far a study is. What it throws ends the study there, a training after the checkpoint from
/// which the same study goes on.
public typealias StudyProgress = @Sendable (StudyEvent) throws -> Void

/// What a study is doing.
public enum StudyEvent: Sendable, Equatable {
  /// What is studied, by how many autoencoders.
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
  /// Something that whoever reads the results should know.
  case note(String)
  case comparing
  case gathering(_ name: String)
  /// Latents that the judge has been asked about.
  case judging(_ name: String, done: Int, of: Int)
}
