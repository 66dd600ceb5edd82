import ArgumentParser
import SAECore

/// The variants that can be trained.
enum Architecture: String, ExpressibleByArgument, CaseIterable {
  case topk
  case batchtopk
  case matryoshka
  case jumprelu
  case gated
  case relu

  /// Whether `--k` means something.
  ///
  /// - Parameter isGivenSparsity: whether `--sparsity` is given.
  func takesK(withSparsity isGivenSparsity: Bool) -> Bool {
    switch self {
    case .topk, .batchtopk, .matryoshka: true
    case .jumprelu: !isGivenSparsity
    case .gated, .relu: false
    }
  }

  /// Whether `--sparsity` means something.
  var takesSparsity: Bool { self == .jumprelu || self == .gated || self == .relu }

  /// The variant with its settings.
  ///
  /// - Parameters:
  ///   - training: what was asked for.
  ///   - options: of the run.
  func variant(_ training: TrainingRunOptions, _ options: TrainingOptions) throws -> TrainingVariant
  {
    switch self {
    case .topk: return .topk(TopKConfiguration(k: training.k))
    case .batchtopk: return .batchtopk(BatchTopKConfiguration(k: Double(training.k)))
    case .matryoshka: return .matryoshka(MatryoshkaConfiguration(k: Double(training.k)))
    case .jumprelu:
      // Held at k latents a token, unless a coefficient is given for the tanh loss.
      guard let sparsity = training.sparsity else {
        return .jumprelu(.controlledL0(Double(training.k)))
      }
      return .jumprelu(
        JumpReLUConfiguration(
          coefficient: try CoefficientSchedule(finalValue: sparsity, warmUpSteps: options.steps)))
    case .gated:
      return .gated(
        GatedConfiguration(
          coefficient: try CoefficientSchedule(
            finalValue: training.sparsity ?? 4, warmUpSteps: options.steps / 4)))
    case .relu:
      return .relu(
        ReLUConfiguration(
          coefficient: try CoefficientSchedule(
            finalValue: training.sparsity ?? 5, warmUpSteps: options.steps / 20)))
    }
  }
}

/// A variant with the settings that a run trains it with.
enum TrainingVariant {
  case topk(TopKConfiguration)
  case batchtopk(BatchTopKConfiguration)
  case matryoshka(MatryoshkaConfiguration)
  case jumprelu(JumpReLUConfiguration)
  case gated(GatedConfiguration)
  case relu(ReLUConfiguration)
}
