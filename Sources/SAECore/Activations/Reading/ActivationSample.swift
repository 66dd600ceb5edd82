/// A sample by which activations are known again: a checksum of some rows, spread over all of them.
///
/// A change of other rows is not seen. Of files a few places are read; of a model a few sequences run.
package struct ActivationSample: Sendable, Equatable, Codable {
  /// Of the rows' elements.
  var crc32: UInt32
  /// The kernels that computed rows are made with.
  var kernels: String
  /// Of each row its norm and the sum of its elements under signs that a generator gives.
  var sums: [Double]

  /// Rows that are read, at most.
  private static let rows = 64
  /// Blocks of a source whose rows cost no more together than one of them.
  private static let blocks = 4

  /// - Throws: what keeps rows from being read.
  init(_ source: any ActivationSource) throws {
    let places = ActivationSample.places(source)
    let sample = try source.matrix(rows: places.map { $0..<$0 + 1 })
    for place in places { source.release(place..<place + 1) }
    var checksum = CRC32()
    checksum.update(sample.array)
    crc32 = checksum.value
    kernels = kernelName
    var generator = RandomGenerator(seed: 0)
    let signs = (0..<sample.columns).map { _ in generator.next() & 1 == 0 ? 1.0 : -1.0 }
    sums = (0..<sample.rows).flatMap { index -> [Double] in
      let row = sample.row(index)
      var (square, sum) = (0.0, 0.0)
      for column in row.indices {
        square += Double(row[column]) * Double(row[column])
        sum += signs[column] * Double(row[column])
      }
      // JSON has no word for what is not finite.
      return [square.squareRoot(), sum].map { $0.isFinite ? $0 : 0 }
    }
  }

  /// Evenly spread rows; of a source that works in blocks, from a few of them.
  private static func places(_ source: any ActivationSource) -> [Int] {
    let parts = source.blocks
    guard parts.count < source.tokens else { return spread(rows, over: source.tokens) }
    return spread(blocks, over: parts.count).flatMap { index in
      let block = parts[index]
      return spread(rows / blocks, over: block.count).map { block.lowerBound + $0 }
    }
  }

  /// Numbers below `total`, the first and the last among them.
  private static func spread(_ count: Int, over total: Int) -> [Int] {
    guard total > count else { return Array(0..<total) }
    let (step, rest) = (total - 1).quotientAndRemainder(dividingBy: count - 1)
    return (0..<count).map { $0 * step + $0 * rest / (count - 1) }
  }

  /// Whether these are rows of the same activations: the same numbers, or where they were computed with
  /// other kernels, nearly the same.
  func isOfSame(_ other: ActivationSample) -> Bool {
    if crc32 == other.crc32 { return true }
    guard kernels != other.kernels, sums.count == other.sums.count else { return false }
    return stride(from: 0, to: sums.count - 1, by: 2).allSatisfy { index in
      let tolerance = 1e-3 * sums[index]
      return abs(sums[index] - other.sums[index]) <= tolerance
        && abs(sums[index + 1] - other.sums[index + 1]) <= tolerance
    }
  }
}
