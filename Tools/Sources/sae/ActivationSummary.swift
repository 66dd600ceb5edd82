import Foundation
import SAECore

/// The description of activations that `info` prints. All of them are read, one batch at a time.
struct ActivationSummary: Encodable {
  let files: Int
  let rowCount: Int
  let width: Int
  let dtypes: [String]
  /// Mean of ‖x‖ over the rows that are finite.
  let meanNorm: Double?
  let nonFiniteRows: Int
  let nanCount: Int
  let infinityCount: Int
  /// Of a harvest of which rows are missing, which; nil where all are there.
  let missingRows: [String]?
  /// Pairs of files of different origins; nil where all have one.
  let mismatches: [String]?

  enum CodingKeys: String, CodingKey {
    case files
    case rowCount = "rows"
    case width, dtypes, meanNorm, nonFiniteRows, nanCount, infinityCount, missingRows, mismatches
  }

  /// - Throws: ``FileError`` if the files cannot be read together.
  init(_ paths: [String], tensor: String?) throws {
    let harvest = try HarvestFiles(paths, tensor: tensor)
    try harvest.checkRowsOccurOnce()
    missingRows = harvest.missingRows.isEmpty ? nil : harvest.missingRows
    var origins = OriginCheck()
    for part in harvest.parts { origins.add(part.file, try ActivationOrigin(file: part.file)) }
    mismatches = origins.mismatches.isEmpty ? nil : origins.mismatches.map(\.description)
    let tensors = try harvest.parts.map { try ActivationFiles.open($0.file, tensor: tensor) }
    files = tensors.count
    let source = try ConcatenatedActivations(tensors)
    rowCount = source.tokens
    width = source.width
    dtypes = Set(tensors.map(\.type.rawValue)).sorted()
    var norms = 0.0
    var (finite, nan, infinite) = (0, 0, 0)
    var progress = Progress(total: source.tokens)
    var done = 0
    for tensor in tensors {
      for first in stride(from: 0, to: tensor.rows, by: 4096) {
        let range = first..<min(first + 4096, tensor.rows)
        let batch = try tensor.matrix(rows: range)
        for (row, norm) in batch.rowNorms().enumerated() {
          // Numbers whose square is too large or too small for float32.
          guard !norm.isFinite || norm < 1e-15 else {
            norms += Double(norm)
            finite += 1
            continue
          }
          let values = batch.row(row)
          var square = 0.0
          let before = nan + infinite
          for column in values.indices {
            let value = Double(values[column])
            if value.isNaN { nan += 1 } else if value.isInfinite { infinite += 1 }
            square += value * value
          }
          if nan + infinite == before {
            norms += square.squareRoot()
            finite += 1
          }
        }
        tensor.release(rows: range)
        done += range.count
        if progress.isDue(done), done < source.tokens { progress.show(done, "rows") }
      }
    }
    meanNorm = finite > 0 ? norms / Double(finite) : nil
    nonFiniteRows = rowCount - finite
    nanCount = nan
    infinityCount = infinite
  }

  var rows: [(String, String)] {
    var rows = [
      ("rows", count(rowCount)), ("width", "\(width)"),
      ("dtype", dtypes.joined(separator: ", ")), ("mean norm", measured(meanNorm, 4)),
      ("NaN", count(nanCount)),
    ]
    if files > 1 { rows.insert(("files", count(files)), at: 0) }
    if infinityCount > 0 { rows.append(("infinities", count(infinityCount))) }
    if nonFiniteRows > 0 { rows.append(("rows not finite", count(nonFiniteRows))) }
    rows += (missingRows ?? []).map { ("rows missing", $0) }
    rows += (mismatches ?? []).map { ("mismatch", $0) }
    return rows
  }
}
