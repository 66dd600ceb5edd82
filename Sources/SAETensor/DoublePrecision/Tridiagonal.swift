/// A symmetric matrix brought to tridiagonal form: A = Q T Qᵀ, Q = H₀ H₁ …, H_k = I − β v vᵀ.
struct Tridiagonal {
  private(set) var diagonal: [Double]
  /// Entry k stands beside diagonal entries k and k + 1; the last is 0.
  private var beside: [Double]
  /// Row k holds v of H_k, which is 0 up to position k and 1 at k + 1.
  private var reflectors: [Double]
  private var betas: [Double]

  private var count: Int { diagonal.count }

  init(_ matrix: [Double], _ n: Int) {
    diagonal = [Double](repeating: 0, count: n)
    beside = [Double](repeating: 0, count: n)
    betas = [Double](repeating: 0, count: n)
    // Row k is not needed any more once H_k is made of it.
    reflectors = matrix
    var product = [Double](repeating: 0, count: n)
    for k in 0..<n {
      diagonal[k] = reflectors[k * n + k]
      guard k + 1 < n else { break }
      makeReflector(k, n)
      guard betas[k] != 0 else { continue }
      reflectors.lendMutable { a in
        product.lendMutable { w in
          Tridiagonal.reflectBlock(
            a.from((k + 1) * n + k + 1), stride: n, by: a[k * n + k + 1..<(k + 1) * n].reading,
            beta: betas[k], product: w[0..<n - k - 1])
        }
      }
    }
  }

  /// Makes v and β of row k, so that H_k leaves one entry of it right of the diagonal.
  private mutating func makeReflector(_ k: Int, _ n: Int) {
    let start = k * n + k + 1
    let end = (k + 1) * n
    let first = reflectors[start]
    let rest = reflectors[(start + 1)..<end].reduce(0) { $0 + $1 * $1 }
    guard rest > 0 else {
      beside[k] = first
      return
    }
    let length = (first * first + rest).squareRoot()
    let sign: Double = first < 0 ? -1 : 1
    let head = first + sign * length
    beside[k] = -sign * length
    betas[k] = sign * head / length
    for index in (start + 1)..<end { reflectors[index] /= head }
    reflectors[start] = 1
  }

  /// a ← (I − β v vᵀ) a (I − β v vᵀ) for a symmetric block a:
  /// a − v wᵀ − w vᵀ with w = β a v − (β²/2)(vᵀ a v) v.
  private static func reflectBlock(
    _ a: MutableLent<Double>, stride: Int, by v: Lent<Double>, beta: Double,
    product w: MutableLent<Double>
  ) {
    func row(_ i: Int) -> MutableLent<Double> { a[i * stride..<i * stride + v.count] }
    for i in 0..<v.count { w[i] = beta * row(i).reading.dot(v) }
    let along = w.reading.dot(v)
    w.add(v, times: -beta / 2 * along)
    for i in 0..<v.count { row(i).subtract(w.reading, times: v[i], v, times: w[i]) }
  }

  /// Qᵀ, row after row.
  func transposedBasis() -> [Double] {
    let n = count
    var rows = [Double](repeating: 0, count: n * n)
    for i in 0..<n { rows[i * n + i] = 1 }
    rows.lendMutable { rows in
      reflectors.lend { reflectors in
        // Multiplied from the last to the first, since the elements that are not 0 or 1 yet then form a
        // block.
        for k in stride(from: n - 2, through: 0, by: -1) where betas[k] != 0 {
          let v = reflectors[k * n + k + 1..<(k + 1) * n]
          for i in k + 1..<n {
            let row = rows[i * n + k + 1..<(i + 1) * n]
            row.add(v, times: -betas[k] * row.reading.dot(v))
          }
        }
      }
    }
    return rows
  }

  /// Makes the diagonal the eigenvalues, by QL steps with Wilkinson's shift.
  ///
  /// - Returns: the rotations that make Qᵀ the eigenvectors; nil if a value does not settle.
  mutating func diagonalize() -> [PlaneRotation]? {
    var rotations: [PlaneRotation] = []
    for low in 0..<count {
      var steps = 0
      while true {
        let high = blockEnd(from: low)
        if high == low { break }
        steps += 1
        guard steps <= 60 else { return nil }
        step(low, high, &rotations)
      }
    }
    return rotations
  }

  /// The end of the block that begins at `low`: the first position beside which there is nothing.
  private func blockEnd(from low: Int) -> Int {
    for k in low..<count - 1 {
      let size = abs(diagonal[k]) + abs(diagonal[k + 1])
      if abs(beside[k]) <= .ulpOfOne * size || abs(beside[k]) < 1e-150 { return k }
    }
    return count - 1
  }

  /// One implicit QL step on the block low ... high: a rotation that the shift calls for at its end,
  /// and others that chase what it leaves beside the diagonal upward and out of the block.
  private mutating func step(_ low: Int, _ high: Int, _ rotations: inout [PlaneRotation]) {
    let ratio = (diagonal[low + 1] - diagonal[low]) / (2 * beside[low])
    let root = (ratio * ratio + 1).squareRoot()
    let shift = diagonal[low] - beside[low] / (ratio < 0 ? ratio - root : ratio + root)
    var (sine, cosine) = (1.0, 1.0)
    var moved = 0.0
    var pivot = diagonal[high] - shift
    for i in stride(from: high - 1, through: low, by: -1) {
      let bulge = sine * beside[i]
      let next = cosine * beside[i]
      let length = (bulge * bulge + pivot * pivot).squareRoot()
      beside[i + 1] = length
      if length == 0 {
        // The block has come apart here.
        diagonal[i + 1] -= moved
        beside[high] = 0
        return
      }
      sine = bulge / length
      cosine = pivot / length
      let base = diagonal[i + 1] - moved
      let mixed = (diagonal[i] - base) * sine + 2 * cosine * next
      moved = sine * mixed
      diagonal[i + 1] = base + moved
      pivot = cosine * mixed - next
      rotations.append(PlaneRotation(row: i, cosine: cosine, sine: sine))
    }
    diagonal[low] -= moved
    beside[low] = pivot
    beside[high] = 0
  }
}
