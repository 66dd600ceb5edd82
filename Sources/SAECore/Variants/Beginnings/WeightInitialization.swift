/// The first values of the weights. Biases begin at 0.
///
/// The encoder is the decoder, row by row, unless said otherwise. A row norm of 0.1 suits free
/// decoders and normalized activations, 1 decoders that are held at unit norm.
public enum WeightInitialization: Sendable, Equatable, Codable {
  /// Entries uniform around 0, rows then scaled to a norm: SAELens with 0.1 (its
  /// `decoder_init_norm`), dictionary_learning's TopK, BatchTopK, Matryoshka and JumpReLU with 1.
  ///
  /// Kaiming's bound on the entries, √(6 / width), leaves no trace in the scaled rows.
  case uniformEntries(rowNorm: Double)
  /// Rows in random directions, none preferred: dictionary_learning's Standard with 0.1, its Gated
  /// with 1.
  case randomDirections(rowNorm: Double)
  /// An encoder uniform in ±1/√width, and its rows at norm 1 as the decoder: sparsify, OpenAI.
  case encoderFirst
  /// A decoder uniform in ±1/√width, its rows at the norms that gives, and width/latents times it as
  /// the encoder: Anthropic's JumpReLU.
  case scaledTranspose

  /// Rows of norm 0.1 from uniform entries: the recommended beginning of decoders without a constraint.
  public static let smallRows = WeightInitialization.uniformEntries(rowNorm: 0.1)

  /// W_enc and W_dec (latents × width), b_enc (1 × latents) and b_dec (1 × width).
  ///
  /// - Parameters:
  ///   - inputDimension: the width of the activations.
  ///   - latentCount: the number of latents.
  ///   - generator: equal states give equal weights, for any number of threads.
  /// - Throws: ``OptionError`` for sizes that are not positive or too large, or a norm that is not
  ///   positive.
  public func parameters(
    inputDimension: Int, latentCount: Int, using generator: inout RandomGenerator
  ) throws(OptionError) -> ParameterSet {
    try WeightInitialization.check(inputDimension, latentCount)
    let encoder: Matrix
    let decoder: Matrix
    switch self {
    case .uniformEntries(let rowNorm):
      try WeightInitialization.check(rowNorm)
      decoder = Matrix.random(rows: latentCount, columns: inputDimension, using: &generator) {
        WeightInitialization.drawUniform(&$0, bound: 1, &$1)
        WeightInitialization.scale(&$0, toNorm: rowNorm)
      }
      encoder = decoder
    case .randomDirections(let rowNorm):
      try WeightInitialization.check(rowNorm)
      decoder = Matrix.random(rows: latentCount, columns: inputDimension, using: &generator) {
        WeightInitialization.drawGaussian(&$0, &$1)
        WeightInitialization.scale(&$0, toNorm: rowNorm)
      }
      encoder = decoder
    case .encoderFirst:
      encoder = WeightInitialization.linearLayer(inputDimension, latentCount, &generator)
      var rows = encoder
      for latent in 0..<latentCount {
        var row = rows.mutableRow(latent)
        WeightInitialization.scale(&row, toNorm: 1)
      }
      decoder = rows
    case .scaledTranspose:
      decoder = WeightInitialization.linearLayer(inputDimension, latentCount, &generator)
      var rows = decoder
      rows.scale(by: Float(Double(inputDimension) / Double(latentCount)))
      encoder = rows
    }
    return [
      .encoder: encoder, .encoderBias: Matrix(rows: 1, columns: latentCount), .decoder: decoder,
      .decoderBias: Matrix(rows: 1, columns: inputDimension),
    ]
  }

  /// The weights of a transcoder, as sparsify has them: the encoder uniform in ±1/√input width, the
  /// decoder (latents × output width) and both biases 0.
  ///
  /// - Throws: ``OptionError`` for sizes that are not positive or too large.
  public static func transcoderParameters(
    inputDimension: Int, outputDimension: Int, latentCount: Int,
    using generator: inout RandomGenerator
  ) throws(OptionError) -> ParameterSet {
    try check(inputDimension, latentCount)
    try check(outputDimension, latentCount, "outputDimension")
    return [
      .encoder: linearLayer(inputDimension, latentCount, &generator),
      .encoderBias: Matrix(rows: 1, columns: latentCount),
      .decoder: Matrix(rows: latentCount, columns: outputDimension),
      .decoderBias: Matrix(rows: 1, columns: outputDimension),
    ]
  }

  /// A linear layer's default in PyTorch: latents × width, uniform in ±1/√width.
  private static func linearLayer(
    _ inputDimension: Int, _ latentCount: Int, _ generator: inout RandomGenerator
  ) -> Matrix {
    let bound = Float(1 / Double(inputDimension).squareRoot())
    return Matrix.random(rows: latentCount, columns: inputDimension, using: &generator) {
      drawUniform(&$0, bound: bound, &$1)
    }
  }

  private static func check(
    _ inputDimension: Int, _ latentCount: Int, _ option: String = "inputDimension"
  ) throws(OptionError) {
    try OptionError.check(option, inputDimension, in: 1...Int.max)
    // Latents are counted in 32 bits, and the weights' bytes must be.
    try OptionError.check(
      "latentCount", latentCount, in: 1...min(Int(UInt32.max), Int.max / 4 / inputDimension))
  }

  private static func check(_ rowNorm: Double) throws(OptionError) {
    guard rowNorm.isFinite, rowNorm > 0 else {
      throw OptionError("rowNorm", expected: "a positive number", found: "\(rowNorm)")
    }
  }
}

extension WeightInitialization {
  /// Fills a row with numbers uniform in ±bound, not all of them 0.
  fileprivate static func drawUniform(
    _ row: inout MutableSpan<Float>, bound: Float, _ generator: inout RandomGenerator
  ) {
    var isZero = true
    while isZero {
      for index in row.indices {
        row[index] = generator.uniform(in: -bound..<bound)
        isZero = isZero && row[index] == 0
      }
    }
  }

  fileprivate static func drawGaussian(
    _ row: inout MutableSpan<Float>, _ generator: inout RandomGenerator
  ) {
    for index in stride(from: 0, to: row.count, by: 2) {
      let (first, second) = generator.gaussianPair()
      row[index] = Float(first)
      if index + 1 < row.count { row[index + 1] = Float(second) }
    }
  }

  fileprivate static func scale(_ row: inout MutableSpan<Float>, toNorm norm: Double) {
    var square = 0.0
    for index in row.indices { square += Double(row[index]) * Double(row[index]) }
    let factor = norm / square.squareRoot()
    for index in row.indices { row[index] = Float(Double(row[index]) * factor) }
  }
}
