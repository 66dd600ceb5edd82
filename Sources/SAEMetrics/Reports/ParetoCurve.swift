#if canImport(Darwin)
  import Darwin
#else
  import Foundation
#endif

/// A quality of dictionaries over their sparsity.
public struct ParetoCurve: Sendable, Equatable, Codable {
  /// An autoencoder's place on the curve.
  public struct Point: Sendable, Equatable, Codable {
    /// Latents per token.
    public var l0: Double
    /// The quality; more is better.
    public var quality: Double

    /// A place on the curve.
    public init(l0: Double, quality: Double) {
      self.l0 = l0
      self.quality = quality
    }
  }

  /// As given.
  public let points: [Point]

  /// - Parameter points: of finite coordinates; what is not finite or has no L0 above 0 takes part in
  ///   nothing.
  public init(_ points: [Point]) { self.points = points }

  /// Points that no other beats: none has a lower or equal L0 and a higher or equal quality, one of
  /// them strictly. Equal points all stay. In the order of L0, then of the points.
  public var front: [Int] {
    points.indices.filter { index in
      let point = points[index]
      return !point.quality.isNaN && !point.l0.isNaN
        && !points.contains { other in
          other.l0 <= point.l0 && other.quality >= point.quality
            && (other.l0 < point.l0 || other.quality > point.quality)
        }
    }.sorted { (points[$0].l0, $0) < (points[$1].l0, $1) }
  }

  /// Points in the order of L0, for interpolation; of points of one L0 the best.
  private var knots: [(logL0: Double, quality: Double)] {
    let usable = points.filter { $0.l0 > 0 && $0.l0.isFinite && $0.quality.isFinite }
    var knots: [(logL0: Double, quality: Double)] = []
    for point in usable.sorted(by: { ($0.l0, $1.quality) < ($1.l0, $0.quality) }) {
      let logL0 = log(point.l0)
      if knots.last?.logL0 != logL0 { knots.append((logL0, point.quality)) }
    }
    return knots
  }

  /// The quality at an L0, linear in log L0 between neighboring points; undefined outside the
  /// measured range.
  public func quality(atL0 l0: Double) -> Double? {
    guard l0 > 0 else { return nil }
    return ParetoCurve.quality(knots, at: log(l0))
  }

  private static func quality(
    _ knots: [(logL0: Double, quality: Double)], at place: Double
  ) -> Double? {
    guard let last = knots.last, let next = knots.firstIndex(where: { $0.logL0 >= place }) else {
      return nil
    }
    if knots[next].logL0 == place { return knots[next].quality }
    guard next > 0, place < last.logL0 else { return nil }
    let (a, b) = (knots[next - 1], knots[next])
    return a.quality + (b.quality - a.quality) * (place - a.logL0) / (b.logL0 - a.logL0)
  }

  /// Mean of this curve minus another over the log L0 that both cover, by trapezoids on all points of
  /// both; undefined where they do not overlap.
  public func meanGap(to other: ParetoCurve) -> Double? {
    let (mine, theirs) = (knots, other.knots)
    guard let first = mine.first, let last = mine.last, let otherFirst = theirs.first,
      let otherLast = theirs.last
    else { return nil }
    let low = max(first.logL0, otherFirst.logL0)
    let high = min(last.logL0, otherLast.logL0)
    guard low < high else { return nil }
    let inside = (mine + theirs).map(\.logL0).filter { $0 > low && $0 < high }
    let places = [low] + inside.sorted() + [high]
    let gaps = places.map { place -> Double in
      guard let a = ParetoCurve.quality(mine, at: place),
        let b = ParetoCurve.quality(theirs, at: place)
      else { return .nan }
      return a - b
    }
    var area = 0.0
    for index in 1..<places.count {
      area += (places[index] - places[index - 1]) * (gaps[index] + gaps[index - 1]) / 2
    }
    return area / (high - low)
  }
}
