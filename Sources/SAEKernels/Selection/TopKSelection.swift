/// The candidates of one token for its k largest scores, while panels of latents go by.
///
/// `indices` and `scores` have room for `2 k` entries, in ascending order of index. Scores at or below
/// `threshold` are no longer candidates: it is the k-th largest score so far once k have been seen. A
/// score equal to it comes later, so has a higher index, and loses: ties go to the lower index.
public struct TopKCandidates {
  public var count: Int
  public var threshold: Float
  public let indices: UnsafeMutablePointer<UInt32>
  public let scores: UnsafeMutablePointer<Float>

  @inlinable @inline(__always)
  public init(
    count: Int, threshold: Float, indices: UnsafeMutablePointer<UInt32>,
    scores: UnsafeMutablePointer<Float>
  ) {
    self.count = count
    self.threshold = threshold
    self.indices = indices
    self.scores = scores
  }
}

public enum TopKSelection<Unit: VectorUnit> {
  public typealias Vector = Unit.Vector

  /// Takes the scores of `n` further latents into account; see ``ThresholdScan`` for the definition of a
  /// score, and ``MagnitudeScan`` for scores that compete by magnitude. The scratch lists have room for
  /// `2 k + n` entries.
  @inlinable @inline(__always)
  public static func update(
    _ candidates: inout TopKCandidates, k: Int, _ n: Int, _ values: UnsafePointer<Float>,
    bias: UnsafePointer<Float>, scale: UnsafePointer<Float>, firstIndex: UInt32,
    scratchIndices: UnsafeMutablePointer<UInt32>, scratchScores: UnsafeMutablePointer<Float>,
    magnitudes: Bool = false
  ) {
    let held = candidates.count
    let total =
      magnitudes
      ? MagnitudeScan<Unit>.append(
        n, values, bias: bias, scale: scale, above: candidates.threshold, firstIndex: firstIndex,
        scratchIndices, scratchScores, length: held)
      : ThresholdScan<Unit>.append(
        n, values, bias: bias, scale: scale, above: candidates.threshold, firstIndex: firstIndex,
        scratchIndices, scratchScores, length: held)
    if total == held { return }
    if total < 2 * k {
      for i in held..<total {
        candidates.indices[i] = scratchIndices[i]
        candidates.scores[i] = scratchScores[i]
      }
      candidates.count = total
      return
    }
    for i in 0..<held {
      scratchIndices[i] = candidates.indices[i]
      scratchScores[i] = candidates.scores[i]
    }
    candidates.threshold = keepLargest(
      k, of: total, scratchIndices, scratchScores, into: candidates.indices, candidates.scores)
    candidates.count = k
  }

  /// Reduces the candidates to the k largest, if there are more.
  @inlinable @inline(__always)
  public static func finish(_ candidates: inout TopKCandidates, k: Int) {
    guard candidates.count > k else { return }
    candidates.threshold = keepLargest(
      k, of: candidates.count, candidates.indices, candidates.scores, into: candidates.indices,
      candidates.scores)
    candidates.count = k
  }

  /// Copies the k largest of `count` ≥ k scores, in their order, the first of equal ones; returns
  /// the k-th largest. Source and destination may be the same.
  ///
  /// Halves the range of the scores' keys until k of them lie above a cut: one count of all keys per
  /// step, without a branch to mispredict.
  @inlinable @inline(__always)
  static func keepLargest(
    _ k: Int, of count: Int, _ indices: UnsafePointer<UInt32>, _ scores: UnsafePointer<Float>,
    into keptIndices: UnsafeMutablePointer<UInt32>, _ keptScores: UnsafeMutablePointer<Float>
  ) -> Float {
    guard k > 0 else { return .infinity }
    var (low, high) = keyRange(count, scores)
    // Invariant: at least k keys are ≥ low, fewer than k are > high.
    var ties = Int.max
    while low < high {
      let gap = UInt32(bitPattern: high &- low)
      let middle = low &+ Int32(bitPattern: gap / 2 &+ (gap & 1))
      let atLeast = countAtLeast(middle, count, scores)
      if atLeast == k {
        // Exactly those at or above the middle: no need to find the k-th itself.
        low = middle &- 1
        ties = 0
        break
      }
      if atLeast > k { low = middle } else { high = middle &- 1 }
    }
    if ties == 0 {
      copyAbove(low, count, indices, scores, into: keptIndices, keptScores)
    } else {
      ties = k - countAtLeast(low &+ 1, count, scores)
      var kept = 0
      for i in 0..<count where kept < k {
        let key = key(scores[i])
        if key > low || (key == low && ties > 0) {
          ties -= key == low ? 1 : 0
          keptIndices[kept] = indices[i]
          keptScores[kept] = scores[i]
          kept += 1
        }
      }
    }
    var least = Float.infinity
    for i in 0..<k { least = keptScores[i] < least ? keptScores[i] : least }
    return least
  }

  /// Copies the scores whose key is above `bound`, in their order.
  @inlinable @inline(__always)
  static func copyAbove(
    _ bound: Int32, _ count: Int, _ indices: UnsafePointer<UInt32>,
    _ scores: UnsafePointer<Float>, into keptIndices: UnsafeMutablePointer<UInt32>,
    _ keptScores: UnsafeMutablePointer<Float>
  ) {
    let lanes = Vector.scalarCount
    var kept = 0
    var i = 0
    while i + lanes <= count {
      var mask =
        ~Vector.signMask(less(i, than: bound &+ 1, scores)) & (UInt32.max >> (32 - UInt32(lanes)))
      while mask != 0 {
        let q = i + mask.trailingZeroBitCount
        keptIndices[kept] = indices[q]
        keptScores[kept] = scores[q]
        kept += 1
        mask &= mask &- 1
      }
      i += lanes
    }
    while i < count {
      if key(scores[i]) > bound {
        keptIndices[kept] = indices[i]
        keptScores[kept] = scores[i]
        kept += 1
      }
      i += 1
    }
  }

  /// The smallest and the largest key.
  @inlinable @inline(__always)
  static func keyRange(_ count: Int, _ scores: UnsafePointer<Float>) -> (Int32, Int32) {
    var low = Int32.max
    var high = Int32.min
    for i in 0..<count {
      let key = key(scores[i])
      low = key < low ? key : low
      high = key > high ? key : high
    }
    return (low, high)
  }

  /// How many keys are at least `bound`.
  @inlinable @inline(__always)
  static func countAtLeast(
    _ bound: Int32, _ count: Int, _ scores: UnsafePointer<Float>
  ) -> Int {
    let lanes = Vector.scalarCount
    var below = Vector.Integers.zero
    var i = 0
    while i + lanes <= count {
      below &+= less(i, than: bound, scores) &>> 31
      i += lanes
    }
    var atLeast = i
    for lane in 0..<lanes { atLeast &+= Int(below[lane]) }
    while i < count {
      atLeast &+= key(scores[i]) >= bound ? 1 : 0
      i += 1
    }
    return atLeast
  }

  /// Integers whose sign is set where the key is less than `bound`.
  @inlinable @inline(__always)
  static func less(
    _ i: Int, than bound: Int32, _ scores: UnsafePointer<Float>
  ) -> Vector.Integers {
    let limit = Vector.Integers(repeating: bound)
    let vector: Vector = scores.vector(i)
    let bits = vector.bits
    let keys = bits ^ ((bits &>> 31) & Vector.Integers(repeating: Int32.max))
    // The sign of key − limit, corrected where the difference overflows.
    let difference = keys &- limit
    return difference ^ ((keys ^ limit) & (difference ^ keys))
  }

  /// An integer that orders as the float does.
  @inlinable @inline(__always)
  static func key(_ score: Float) -> Int32 {
    let bits = Int32(bitPattern: score.bitPattern)
    return bits ^ ((bits &>> 31) & Int32.max)
  }
}
