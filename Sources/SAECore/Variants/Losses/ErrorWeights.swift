extension OptionError {
  /// Throws where settings do not go with weighted errors: the auxiliary loss reconstructs errors in
  /// normalized units, and a batch's variance is that of normalized activations.
  static func checkErrorWeights(
    _ loss: ReconstructionLoss, auxiliaryLoss: AuxiliaryLoss?
  ) throws(OptionError) {
    if let auxiliaryLoss {
      throw OptionError(
        "auxiliaryLoss", expected: "none beside a loss in original units",
        found: "\(auxiliaryLoss)")
    }
    if loss == .fractionOfVarianceUnexplained {
      throw OptionError(
        "reconstructionLoss", expected: "one without a batch's variance in original units",
        found: "\(loss)")
    }
  }
}
