extension TrainingRun {
  /// Begins a run by a recipe.
  ///
  /// - Parameters:
  ///   - recipe: the variant's settings and the run's.
  ///   - latentCount: the number of latents.
  ///   - source: what is encoded.
  ///   - targets: what is reconstructed, unless that is the source.
  /// - Throws: as a run from a configuration and options does.
  public init<Configuration: AutoencoderConfiguration>(
    _ recipe: TrainingRecipe<Configuration>, latentCount: Int, on source: any ActivationSource,
    targets: (any ActivationSource)? = nil
  ) throws where Configuration.Model == Model {
    try self.init(
      recipe.configuration, latentCount: latentCount, on: source,
      targets: targets, options: recipe.options(latentCount: latentCount))
  }
}
