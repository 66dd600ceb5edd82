/// Fused multiply-adds on registers alone: what the machine could do if nothing had to be loaded.
public enum PeakLoop<Unit: VectorUnit, let chains: Int> {
  public typealias Vector = Unit.Vector

  /// Multiply-adds of a step.
  @inlinable @inline(__always)
  public static var multiplyAdds: Int { chains * Vector.scalarCount }

  /// Runs `steps` steps of `chains` independent multiply-adds of a vector each, and returns a sum
  /// that depends on all of them.
  @inlinable @inline(__always)
  public static func run(_ steps: Int, _ seed: Float) -> Float {
    var sums = InlineArray<chains, Vector>(repeating: Vector(repeating: seed))
    let factor = Vector(repeating: 0.999 * seed)
    let addend = Vector(repeating: 1e-3 * seed)
    for _ in 0..<steps {
      for c in 0..<chains { sums[c] = Unit.multiplyAdd(addend, sums[c], factor) }
    }
    var total = Vector.zero
    for c in 0..<chains { total += sums[c] }
    return total.laneSum
  }
}
