/// The settings of a training of any ``Variant``; each variant reads the settings that it has.
public struct VariantSettings: Sendable, Equatable {
  /// d_sae.
  public var latentCount: Int
  /// Steps of the run, of which λ's warm-up is a share.
  public var steps: Int
  /// Latents active on a token, in some variants on average.
  public var k = 32.0
  /// λ; nil for the variant's own, or, if the variant can do either, to aim at ``k`` latents.
  public var coefficient: Double?
  /// Steps over which λ rises; nil for the variant's own share of ``steps``.
  public var warmUpSteps: Int?
  /// Widths of nested dictionaries, ascending to the number of latents; nil for halves of halves.
  public var levels: [Int]?
  /// Groups of latents that a router chooses from.
  public var experts = 4
  /// Groups that see a token.
  public var activeExperts = 2

  /// Settings at their defaults.
  public init(latentCount: Int, steps: Int) {
    self.latentCount = latentCount
    self.steps = steps
  }

  /// ``k`` where it has to be a whole number.
  ///
  /// - Throws: ``OptionError`` if it is none, or there are fewer latents.
  func wholeK() throws(OptionError) -> Int {
    guard let whole = Int(exactly: try meanK()) else {
      throw OptionError("k", expected: "a whole number", found: "\(k)")
    }
    return whole
  }

  /// ``k`` as a mean over tokens.
  ///
  /// - Throws: ``OptionError`` if it is not positive, or there are fewer latents.
  func meanK() throws(OptionError) -> Double {
    guard k > 0, k <= Double(latentCount) else {
      throw OptionError("k", expected: "at most the \(latentCount) latents", found: "\(k)")
    }
    return k
  }

  /// ``k`` as a number of groups of equal size.
  ///
  /// - Throws: ``OptionError`` if latents cannot be divided so.
  func groups() throws(OptionError) -> Int {
    let k = try wholeK()
    guard latentCount % k == 0 else {
      throw OptionError("k", expected: "a divisor of the \(latentCount) latents", found: "\(k)")
    }
    return k
  }

  /// ``levels`` for the number of latents.
  ///
  /// - Throws: ``OptionError`` if they do not ascend to it.
  func nestedLevels() throws(OptionError) -> MatryoshkaConfiguration.Levels? {
    guard let levels else { return nil }
    do {
      _ = try MatryoshkaConfiguration.Levels.widths(levels).prefixes(latentCount: latentCount)
    } catch {
      throw OptionError(
        "levels", expected: "widths that ascend to at most the \(latentCount) latents",
        found: levels.map(String.init).joined(separator: ","))
    }
    return .widths(levels)
  }

  /// A mixture's settings.
  ///
  /// - Throws: ``OptionError`` if latents cannot be divided among experts, or fewer are active.
  func mixture() throws(OptionError) -> MixtureConfiguration {
    guard experts > 0, latentCount % experts == 0 else {
      throw OptionError(
        "experts", expected: "a divisor of the \(latentCount) latents", found: "\(experts)")
    }
    guard (1...experts).contains(activeExperts) else {
      throw OptionError(
        "active-experts", expected: "1 to \(experts)", found: "\(activeExperts)")
    }
    return MixtureConfiguration(
      k: try wholeK(), experts: experts, activeExperts: activeExperts, scalesFeatures: true)
  }

  /// λ over the run.
  ///
  /// - Parameters:
  ///   - standard: where none is given.
  ///   - divisor: the warm-up is the run's length divided by it.
  /// - Throws: ``OptionError`` if it is negative or not finite.
  func coefficient(
    default standard: Double, warmUpOver divisor: Int
  ) throws(OptionError) -> CoefficientSchedule {
    try OptionError.checkNotNegative("sparsity", coefficient ?? standard)
    return CoefficientSchedule(
      finalValue: coefficient ?? standard, warmUpSteps: warmUpSteps ?? steps / divisor)
  }
}
