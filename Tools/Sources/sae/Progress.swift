import Foundation

/// Tells how far a run is, on standard error, so that results can be piped: a line that is rewritten on
/// a terminal, plain lines elsewhere.
struct Progress {
  let total: Int
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var lastShown: ContinuousClock.Instant?
  private var lastLength = 0

  /// Progress toward `total`.
  init(total: Int) {
    self.total = total
    start = clock.now
  }

  /// Seconds since the beginning.
  var elapsed: Double { Progress.seconds(clock.now - start) }

  /// Whether it is time to show something: often on a terminal, every few seconds elsewhere.
  func isDue(_ done: Int) -> Bool {
    guard let lastShown, done < total else { return true }
    return Progress.seconds(clock.now - lastShown) >= (StandardError.columns != nil ? 0.2 : 5)
  }

  mutating func show(_ done: Int, _ text: String) {
    lastShown = clock.now
    guard let columns = StandardError.columns else {
      return StandardError.write("\(done)/\(total)  \(text)")
    }
    let line = Progress.line(done, of: total, text, columns: columns)
    // The rest of a longer line before is blanked out.
    let padding = max(0, min(lastLength, columns - 1) - line.count)
    lastLength = line.count
    StandardError.rewrite(line + String(repeating: " ", count: padding), isLast: done >= total)
  }

  /// A line that stays below the width of a terminal, which would break a longer one: first the bar
  /// becomes short, then the text is cut.
  static func line(_ done: Int, of total: Int, _ text: String, columns: Int) -> String {
    let words = "\(done)/\(total)  \(text)"
    let room = max(0, columns - 1)
    let width = min(24, room - words.count - 1)
    guard width >= 4 else { return String(words.prefix(room)) }
    let filled = total > 0 ? Int(Double(min(done, total)) / Double(total) * Double(width)) : width
    return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
      + " " + words
  }

  /// A note for the reader of the results.
  static func note(_ text: String) { StandardError.write("note: \(oneLine(text))") }

  private static func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
  }
}

/// Rows as an aligned table: the first column to the left, the others to the right.
func table(_ rows: [[String]]) -> String {
  guard let head = rows.first else { return "" }
  let widths = head.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
  return rows.map { row in
    row.indices.map { column in
      let padding = String(repeating: " ", count: widths[column] - row[column].count)
      return column == 0 ? row[column] + padding : padding + row[column]
    }.joined(separator: "  ")
  }.joined(separator: "\n")
}
