import Foundation

/// Tells how far a run is: a line that is rewritten on a terminal, plain lines elsewhere.
struct Progress {
  let total: Int
  private let isTerminal: Bool
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var lastShown: ContinuousClock.Instant?
  private var lastLength = 0

  /// Progress towards `total`, on standard error, so that results can be piped.
  init(total: Int) {
    self.total = total
    isTerminal = isatty(2) == 1
    start = clock.now
  }

  /// Seconds since the beginning.
  var elapsed: Double { Progress.seconds(clock.now - start) }

  /// Whether it is time to show something: often on a terminal, every few seconds elsewhere.
  func isDue(_ done: Int) -> Bool {
    guard let lastShown, done < total else { return true }
    return Progress.seconds(clock.now - lastShown) >= (isTerminal ? 0.2 : 5)
  }

  mutating func show(_ done: Int, _ text: String) {
    lastShown = clock.now
    guard isTerminal else {
      Progress.write("\(done)/\(total)  \(text)\n")
      return
    }
    let width = 24
    let filled = total > 0 ? done * width / total : width
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    let line = "\(bar) \(done)/\(total)  \(text)"
    // What is left of a longer line before is blanked out.
    let padding = String(repeating: " ", count: max(0, lastLength - line.count))
    lastLength = line.count
    Progress.write("\r\(line)\(padding)\(done >= total ? "\n" : "")")
  }

  /// Ends the line and says something.
  func interrupt(_ text: String) {
    Progress.write((isTerminal && lastShown != nil ? "\n" : "") + text + "\n")
  }

  /// Something that whoever reads the results should know.
  static func note(_ text: String) { write("note: \(text)\n") }

  private static func write(_ text: String) {
    FileHandle.standardError.write(Data(text.utf8))
  }

  private static func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
  }
}

/// A number with a fixed count of digits after the point; "–" for none.
func fixed(_ value: Double?, _ digits: Int) -> String {
  guard let value else { return "–" }
  return String(format: "%.\(digits)f", value)
}

/// A whole number with spaces between thousands.
func grouped(_ value: Double) -> String {
  let digits = String(Int(value.rounded()))
  var result = ""
  for (index, digit) in digits.enumerated() {
    if index > 0, (digits.count - index) % 3 == 0 { result += " " }
    result.append(digit)
  }
  return result
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
