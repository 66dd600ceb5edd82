/// The candidates of one token for its k largest scores, while panels of latents go by.
///
/// `indices` and `scores` have room for `2 k` entries, in ascending order of index. Nothing at or
/// below `threshold` is still wanted: it is the k-th largest score so far once k have been seen.
/// A score equal to it comes later, so has a higher index, and loses: ties go to the lower index.
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
  /// Takes the scores of `n` further latents into account; see ``ThresholdScan`` for what a score
  /// is. The scratch lists have room for `2 k + n` entries.
  @inlinable @inline(__always)
  public static func update(
    _ candidates: inout TopKCandidates, k: Int, _ n: Int, _ values: UnsafePointer<Float>,
    bias: UnsafePointer<Float>, scale: UnsafePointer<Float>, firstIndex: UInt32,
    scratchIndices: UnsafeMutablePointer<UInt32>, scratchScores: UnsafeMutablePointer<Float>
  ) {
    let held = candidates.count
    let total = ThresholdScan<Unit>.append(
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
  @inlinable @inline(__always)
  static func keepLargest(
    _ k: Int, of count: Int, _ indices: UnsafePointer<UInt32>, _ scores: UnsafePointer<Float>,
    into keptIndices: UnsafeMutablePointer<UInt32>, _ keptScores: UnsafeMutablePointer<Float>
  ) -> Float {
    guard k > 0 else { return .infinity }
    // Float order is integer order once the lower bits of negative numbers are flipped. Halving
    // the range of integers, a count of all keys a step, has no branches to mispredict.
    var low = Int32.max
    var high = Int32.min
    for i in 0..<count {
      let key = key(scores[i])
      low = key < low ? key : low
      high = key > high ? key : high
    }
    while low < high {
      let gap = UInt32(bitPattern: high &- low)
      let middle = low &+ Int32(bitPattern: gap / 2 &+ (gap & 1))
      var atLeast: Int32 = 0
      for i in 0..<count { atLeast &+= key(scores[i]) >= middle ? 1 : 0 }
      if atLeast >= Int32(truncatingIfNeeded: k) { low = middle } else { high = middle &- 1 }
    }
    var above = 0
    for i in 0..<count { above &+= key(scores[i]) > low ? 1 : 0 }
    var ties = k - above
    var kept = 0
    var limit: Float = 0
    for i in 0..<count {
      let key = key(scores[i])
      let isTie = key == low
      let keep = key > low || (isTie && ties > 0)
      if isTie {
        ties -= 1
        limit = scores[i]
      }
      if keep {
        keptIndices[kept] = indices[i]
        keptScores[kept] = scores[i]
        kept += 1
      }
    }
    return limit
  }

  /// An integer that orders as the float does.
  @inlinable @inline(__always)
  static func key(_ score: Float) -> Int32 {
    let bits = Int32(bitPattern: score.bitPattern)
    return bits ^ ((bits &>> 31) & Int32.max)
  }
}
