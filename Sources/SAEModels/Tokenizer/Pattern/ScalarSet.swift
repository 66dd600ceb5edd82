/// A set of Unicode scalars: classes and ranges, or all but these.
struct ScalarSet: Sendable, Equatable {
  /// One bit for each ``ScalarClass``.
  private var classes: UInt64 = 0
  private var ranges: [ClosedRange<UInt32>] = []
  private var isInverted = false
  /// Members below 64, and from 64 to 127.
  private(set) var low: UInt64 = 0
  private(set) var high: UInt64 = 0

  init() {}

  init(classes: UInt64) { insert(classes: classes) }

  init(_ scalar: Unicode.Scalar) { insert(scalar.value...scalar.value) }

  mutating func insert(classes more: UInt64) {
    classes |= more
    updateASCII()
  }

  mutating func insert(_ range: ClosedRange<UInt32>) {
    ranges.append(range)
    updateASCII()
  }

  mutating func insert(_ other: ScalarSet) {
    classes |= other.classes
    ranges += other.ranges
    updateASCII()
  }

  mutating func invert() {
    isInverted.toggle()
    updateASCII()
  }

  private mutating func updateASCII() {
    (low, high) = (0, 0)
    for value in 0..<UInt32(64) {
      if contains(value) { low |= 1 << UInt64(value) }
      if contains(value + 64) { high |= 1 << UInt64(value) }
    }
  }

  /// Whether any scalar beyond ASCII can be a member.
  var reachesBeyondASCII: Bool {
    isInverted || classes != 0 || ranges.contains { $0.upperBound >= 0x80 }
  }

  @inline(__always)
  func containsASCII(_ byte: UInt8) -> Bool {
    (byte < 64 ? low : high) >> UInt64(byte & 63) & 1 == 1
  }

  func contains(_ value: UInt32) -> Bool {
    contains(value, class: ScalarClass.table[Int(value)])
  }

  /// - Parameter class: the scalar's, from ``ScalarClass/table``.
  @inline(__always)
  func contains(_ value: UInt32, class: UInt8) -> Bool {
    if classes >> UInt64(`class`) & 1 == 1 { return !isInverted }
    for range in ranges where range.contains(value) { return !isInverted }
    return isInverted
  }
}

extension ScalarSet {
  /// The only member, where one range of one scalar makes the set.
  var single: Unicode.Scalar? {
    guard classes == 0, !isInverted, ranges.count == 1, ranges[0].count == 1 else { return nil }
    return Unicode.Scalar(ranges[0].lowerBound)
  }
}
