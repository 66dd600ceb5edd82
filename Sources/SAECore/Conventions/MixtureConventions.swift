extension MixtureConfiguration {
  /// Switch SAE: one expert sees a token.
  public static func switching(k: Int, experts: Int) -> MixtureConfiguration {
    MixtureConfiguration(k: k, experts: experts, activeExperts: 1, scalesFeatures: false)
  }

  /// Scale SAE: several experts see a token, with feature scaling.
  public static func scaling(k: Int, experts: Int, activeExperts: Int) -> MixtureConfiguration {
    MixtureConfiguration(
      k: k, experts: experts, activeExperts: activeExperts, scalesFeatures: true)
  }
}
