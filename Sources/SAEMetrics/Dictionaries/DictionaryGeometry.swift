public import SAECore

/// How the latents of one dictionary lie to each other.
///
/// d are decoder rows, e encoder rows; a row of zeros has the cosine 0 with everything.
///
/// - Complexity: O(latents² · width) time; cosines are made a panel at a time.
public struct DictionaryGeometry: Sendable, Equatable, Codable {
  /// The number of latents.
  public let latentCount: Int
  /// ‖dᵢ‖.
  public let decoderNorms: [Double]
  /// Of each latent, the largest cosine of its decoder row with another's; undefined without one.
  public let maximumDecoderCosines: [Double?]
  /// The mean of those (SAEBench's `average_max_decoder_cosine_sim`).
  public let meanMaximumDecoderCosine: Double?
  /// The same with absolute values of cosines.
  public let meanMaximumAbsoluteDecoderCosine: Double?
  /// Mean over pairs of different latents of cos²: 1 / width for random directions.
  public let meanSquaredOffDiagonalCosine: Double?
  /// (Σs²)² / Σs⁴ over the singular values of the decoder: how many directions it uses; undefined
  /// for a decoder of zeros.
  public let participationRatio: Double?
  /// What also looks at the encoder; none if it was not given.
  public let encoder: EncoderGeometry?

  /// Latents whose decoder row has a cosine above `threshold` with another's.
  package func redundantLatents(threshold: Double) -> [Int] {
    maximumDecoderCosines.indices.filter { (maximumDecoderCosines[$0] ?? -1) > threshold }
  }

  /// Measures a dictionary.
  ///
  /// - Parameters:
  ///   - decoder: latents × width.
  ///   - encoder: latents × width, if its metrics are wanted.
  /// - Throws: `ShapeError` if the encoder is of another size.
  public init(decoder: Matrix, encoder: Matrix? = nil) throws(ShapeError) {
    if let encoder {
      try ShapeError.check("encoder", "rows", expected: decoder.rows, found: encoder.rows)
      try ShapeError.check(
        "encoder", "columns", expected: decoder.columns, found: encoder.columns)
    }
    let unit = UnitRows(decoder)
    let scan = GeometryScan(unit, encoder.map(UnitRows.init))
    latentCount = decoder.rows
    decoderNorms = unit.norms
    let hasPairs = decoder.rows > 1
    maximumDecoderCosines = scan.rows.map { hasPairs ? $0.decoder.value : nil }
    meanMaximumDecoderCosine = hasPairs ? mean(scan.rows.map(\.decoder.value)) : nil
    meanMaximumAbsoluteDecoderCosine =
      hasPairs ? mean(scan.rows.map(\.absoluteDecoder)) : nil
    let pairs = Double(decoder.rows) * Double(decoder.rows - 1)
    meanSquaredOffDiagonalCosine = ratio(
      scan.rows.reduce(0) { $0 + $1.squaredCosines }, pairs)
    let total = unit.norms.reduce(0) { $0 + $1 * $1 }
    participationRatio = ratio(
      total * total,
      zip(scan.rows, unit.norms).reduce(0) { $0 + $1.0.squaredProducts * $1.1 * $1.1 })
    self.encoder = encoder.map { EncoderGeometry(UnitRows($0), unit, scan) }
  }
}

/// Metrics of a dictionary that look at encoder and decoder.
public struct EncoderGeometry: Sendable, Equatable, Codable {
  /// ‖eᵢ‖.
  public let encoderNorms: [Double]
  /// cos(eᵢ, dᵢ) (SAELens's `encoder_decoder_cosine_sim`).
  public let encoderDecoderCosines: [Double]
  /// Mean over latents of the largest cosine of an encoder row with another's.
  public let meanMaximumEncoderCosine: Double?
  /// Of each latent, the largest cos(eᵢ, eⱼ) · cos(dᵢ, dⱼ) with another: near 1 for antipodal latents,
  /// and for duplicates.
  ///
  /// Source: Sun et al. 2025, arXiv 2506.15679, section 4.
  public let antipodalities: [Double?]
  /// Pairs that are each other's best, with a product of at least 0.8 and both cosines negative.
  /// The 0.8 is a choice of this library.
  public let antipodalPairs: [[Int]]

  fileprivate init(_ encoder: UnitRows, _ decoder: UnitRows, _ scan: GeometryScan) {
    encoderNorms = encoder.norms
    encoderDecoderCosines = Parallel.map(encoder.rows.rows) { latent in
      let (e, d) = (encoder.rows.row(latent), decoder.rows.row(latent))
      return e.indices.reduce(0.0) { $0 + Double(e[$1]) * Double(d[$1]) }
    }
    let rows = scan.rows
    let hasPairs = rows.count > 1
    meanMaximumEncoderCosine = hasPairs ? mean(rows.map(\.encoder.value)) : nil
    antipodalities = rows.map { hasPairs ? $0.antipode.value : nil }
    antipodalPairs = rows.indices.compactMap { latent in
      let other = rows[latent].antipode.index
      guard latent < other, rows[other].antipode.index == latent,
        rows[latent].antipode.value >= 0.8, rows[latent].antipodeIsNegative
      else { return nil }
      return [latent, other]
    }
  }
}

/// What a latent's row of cosines is searched for.
private struct GeometryRow: Sendable {
  var decoder = Best()
  var absoluteDecoder = -Double.infinity
  var encoder = Best()
  var antipode = Best()
  var antipodeIsNegative = false
  /// Σ over the others of cos².
  var squaredCosines = 0.0
  /// Σ over all of cos² ‖dⱼ‖².
  var squaredProducts = 0.0
}

private struct GeometryScan: Sendable {
  private(set) var rows: [GeometryRow]

  init(_ decoder: UnitRows, _ encoder: UnitRows?) {
    let panels = CosinePanels(decoder, decoder)
    var rows = [GeometryRow](repeating: GeometryRow(), count: panels.count)
    panels.forEach { cosines, firstRow, firstColumn in
      let encoderCosines = encoder.map { encoder in
        Matrix.product(
          encoder.rows[rows: firstRow..<firstRow + cosines.rows],
          encoder.rows[rows: firstColumn..<firstColumn + cosines.columns].transposed)
      }
      let before = rows
      let scanned = Parallel.map(cosines.rows) { index in
        var row = before[firstRow + index]
        row.scan(
          cosines.row(index), latent: firstRow + index, firstColumn: firstColumn, decoder.norms)
        if let encoderCosines {
          row.scan(
            cosines.row(index), encoder: encoderCosines.row(index), latent: firstRow + index,
            firstColumn: firstColumn)
        }
        return row
      }
      rows.replaceSubrange(firstRow..<firstRow + cosines.rows, with: scanned)
    }
    self.rows = rows
  }
}

extension GeometryRow {
  mutating func scan(
    _ cosines: Span<Float>, latent: Int, firstColumn: Int, _ norms: [Double]
  ) {
    for column in cosines.indices {
      let other = firstColumn + column
      let cosine = Double(cosines[column])
      squaredProducts += cosine * cosine * norms[other] * norms[other]
      guard other != latent else { continue }
      decoder.offer(cosine, other)
      if !(abs(cosine) <= absoluteDecoder) { absoluteDecoder = abs(cosine) }
      squaredCosines += cosine * cosine
    }
  }

  mutating func scan(
    _ cosines: Span<Float>, encoder others: Span<Float>, latent: Int, firstColumn: Int
  ) {
    for column in cosines.indices where firstColumn + column != latent {
      let cosine = Double(others[column])
      encoder.offer(cosine, firstColumn + column)
      let best = antipode
      antipode.offer(cosine * Double(cosines[column]), firstColumn + column)
      if antipode != best { antipodeIsNegative = cosine < 0 && cosines[column] < 0 }
    }
  }
}

/// The mean, undefined without numbers.
func mean(_ numbers: [Double]) -> Double? {
  ratio(numbers.reduce(0, +), Double(numbers.count))
}
