import SAECore

/// A variant with settings, to be trained on activations and looked at afterwards.
struct TrainedSubject: Sendable {
  let variant: String
  let setting: String
  /// Trains it and gives the autoencoder.
  let train:
    @Sendable (_ source: any ActivationSource, _ latents: Int, _ options: TrainingOptions) throws ->
      any SparseAutoencoder & DictionaryHolding

  init<Model: TrainableAutoencoder & DictionaryHolding>(
    _ variant: String, _ setting: String, _ model: Model.Type,
    _ configuration: Model.Configuration
  ) {
    self.variant = variant
    self.setting = setting
    train = { source, latents, options in
      var run = try TrainingRun<Model>(
        configuration, latents: latents, on: source, options: options)
      while try run.step() != nil {}
      return try run.finished()
    }
  }
}

/// An autoencoder whose latents stand for directions.
protocol DictionaryHolding {
  /// latents × width
  var dictionary: Matrix { get }
}

extension TopKAutoencoder: DictionaryHolding {}
extension BatchTopKAutoencoder: DictionaryHolding {}
extension MatryoshkaAutoencoder: DictionaryHolding {}
extension AbsTopKAutoencoder: DictionaryHolding {}
extension GroupMaxAutoencoder: DictionaryHolding {}
extension JumpReLUAutoencoder: DictionaryHolding {}
extension GatedAutoencoder: DictionaryHolding {}
extension ReLUAutoencoder: DictionaryHolding {}
extension MatchingPursuitAutoencoder: DictionaryHolding {}
extension MixtureAutoencoder: DictionaryHolding {}
extension VariationalAutoencoder: DictionaryHolding {}

/// λ that reaches its value after a number of steps.
func warmedUp(_ value: Double, over steps: Int) throws -> CoefficientSchedule {
  try CoefficientSchedule(finalValue: value, warmUpSteps: steps)
}
