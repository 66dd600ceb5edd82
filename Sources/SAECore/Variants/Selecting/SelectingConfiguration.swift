/// The settings of all variants that select latents by their scores.
///
/// The defaults of ``AutoencoderConfiguration/weightInitialization`` and
/// ``AutoencoderConfiguration/decoderBiasInitialization`` follow from these settings.
public protocol SelectingConfiguration: AutoencoderConfiguration {
  /// Whether b_dec is subtracted from the activations before encoding.
  var subtractsDecoderBias: Bool { get set }
  /// Whether latents compete, and are reported, multiplied by their decoder row's norm, so that the
  /// selection does not depend on how a latent's size is split between code and row: SAELens'
  /// `rescale_acts_by_decoder_norm`.
  var rescalesByDecoderNorm: Bool { get set }
  /// The scale of the reconstruction error.
  var reconstructionLoss: ReconstructionLoss { get set }
  /// The loss that revives dead latents; nil leaves them dead.
  var auxiliaryLoss: AuxiliaryLoss? { get set }
  /// The constraint that keeps decoder rows at unit norm.
  var decoderConstraint: DecoderConstraint { get set }
}

extension SelectingConfiguration {
  /// Unit rows where the decoder is held at them, else small ones.
  public var weightInitialization: WeightInitialization {
    decoderConstraint == .none ? .smallRows : .uniformEntries(rowNorm: 1)
  }

  /// 0 where the decoder is free, as in SAELens; else the geometric median, where b_dec is
  /// subtracted from the input.
  public var decoderBiasInitialization: DecoderBiasInitialization {
    decoderConstraint != .none && subtractsDecoderBias ? .geometricMedian : .zeros
  }
}

extension SettingsFields where Settings: SelectingConfiguration {
  /// The fields of all variants that select; `subtractsDecoderBias` except for transcoders, which never
  /// subtract it.
  static func selecting(subtractsDecoderBias: Bool = true) -> [Field] {
    let subtraction: [Field] = [
      .optional("subtractsDecoderBias", \.subtractsDecoderBias, absent: true)
    ]
    return (subtractsDecoderBias ? subtraction : []) + [
      .optional("rescalesByDecoderNorm", \.rescalesByDecoderNorm, absent: true),
      .optional("reconstructionLoss", \.reconstructionLoss, absent: .squaredErrorPerToken),
      .optional(
        "auxiliaryLoss", \.auxiliaryLoss, absent: AuxiliaryLoss(.rawScores, coefficient: 1)),
      .optional("decoderConstraint", \.decoderConstraint, absent: .none),
    ]
  }
}
