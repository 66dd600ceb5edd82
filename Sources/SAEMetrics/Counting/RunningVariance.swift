/// Mean and spread of numbers, from sums relative to the first of them.
struct ShiftedSum: Sendable, Equatable {
  private(set) var count = 0
  private var shift = 0.0
  private var sum = 0.0
  private var squares = 0.0

  mutating func add(_ value: Double) {
    if count == 0 { shift = value }
    count += 1
    let difference = value - shift
    sum += difference
    squares += difference * difference
  }

  /// Chan's update.
  mutating func merge(_ other: ShiftedSum) {
    guard other.count > 0 else { return }
    guard count > 0 else {
      self = other
      return
    }
    let (mine, theirs) = (Double(count), Double(other.count))
    let gap = (other.mean ?? 0) - (mean ?? 0)
    let deviation =
      squaredDeviation + other.squaredDeviation + gap * gap * mine * theirs / (mine + theirs)
    sum += other.sum + theirs * (other.shift - shift)
    count += other.count
    squares = deviation + sum * sum / (mine + theirs)
  }

  var mean: Double? { count == 0 ? nil : shift + sum / Double(count) }

  /// Σ(value − mean)²: exactly 0 if all values are equal.
  var squaredDeviation: Double {
    let deviation = count == 0 ? 0 : squares - sum * sum / Double(count)
    return deviation < 0 ? 0 : deviation
  }
}
