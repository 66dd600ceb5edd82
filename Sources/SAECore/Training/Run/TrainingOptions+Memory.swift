extension TrainingOptions {
  /// The memory that a run takes, at least.
  ///
  /// With P parameters (``AutoencoderConfiguration/parameterCount(_:)``), T tokens per step, B the rows of
  /// the mixing buffer and widths d_in and d_out, in floats:
  ///
  ///     parameters     P
  ///     gradients      P
  ///     optimizer      2P with Adam, P with sign descent or Muon; P more for an average
  ///     result         P, which a normalization is folded into when the run ends
  ///     batches        2T · row, the one trained on and the next; T · (d_in + d_out), the centered
  ///                    input and the error
  ///     mixing buffer  B · row, where a row has d_in numbers, or d_in + d_out with targets
  ///     workspace      what the variant says
  public func memory(
    _ configuration: some AutoencoderConfiguration, _ sizes: TrainingSizes
  ) -> MemoryEstimate {
    var estimate = memberMemory(configuration, sizes)
    estimate.add(batchMemory(sizes))
    return estimate
  }

  /// The memory that an autoencoder takes in training, without the batches that it may share with others.
  public func memberMemory(
    _ configuration: some AutoencoderConfiguration, _ sizes: TrainingSizes
  ) -> MemoryEstimate {
    let parameters = configuration.parameterCount(sizes)
    var estimate = MemoryEstimate()
    estimate.add("parameters", floats: parameters)
    estimate.add("gradients", floats: parameters)
    let moments = optimizer.algorithm.moments + (optimizer.averagingDecay == nil ? 0 : 1)
    estimate.add("optimizer", floats: moments, parameters)
    if data.normalization != .none { estimate.add("result", floats: parameters) }
    estimate.add("workspace", floats: configuration.workspaceCount(sizes, batchTokens: batchTokens))
    return estimate
  }

  /// The memory that the batches of a run or a sweep take.
  public func batchMemory(_ sizes: TrainingSizes) -> MemoryEstimate {
    var estimate = MemoryEstimate()
    estimate.add("batches", floats: 2, batchTokens, sizes.rowWidth)
    estimate.add(
      "batches", floats: batchTokens,
      MemoryEstimate.sum(sizes.inputDimension, sizes.outputDimension))
    estimate.add(
      "mixing buffer", floats: min(data.bufferTokens, sizes.sourceTokens), sizes.rowWidth)
    return estimate
  }
}

extension OptimizerChoice {
  /// Numbers that are kept for a parameter.
  fileprivate var moments: Int {
    switch self {
    case .adam: 2
    case .scheduleFreeSignDescent, .muon: 1
    }
  }
}
