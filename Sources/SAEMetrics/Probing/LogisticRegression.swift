import SAECore

#if canImport(Darwin)
  import Darwin
#else
  import Foundation
#endif

/// A linear classifier: positive where w·x + b > 0.
///
/// Fitted to convergence, so that there is one answer: weights and intercept minimize
/// C · Σ wₜ log(1 + exp(−yₜ (w·xₜ + b))) + ‖w‖² / 2, as scikit-learn's default does, with labels y of
/// ±1 and the intercept free.
public struct LogisticRegression: Sendable, Equatable, Codable {
  /// One weight for each input.
  public let weights: [Double]
  /// What is added to the weighted sum.
  public let intercept: Double

  /// How much each example counts.
  public enum ClassWeights: Sendable {
    /// Every example counts once.
    case equal
    /// examples / (2 · examples of its class).
    case balanced
  }

  /// Fits by Newton's method with halved steps.
  ///
  /// - Parameters:
  ///   - rows: examples, each with the same number of finite inputs.
  ///   - labels: one an example.
  ///   - strength: C, the inverse strength of the penalty.
  ///   - classWeights: how much examples count.
  /// - Returns: nil if there is one class only, or an input that is not finite: there is no optimum.
  public init?(
    rows: [[Double]], labels: [Bool], strength: Double = 1, classWeights: ClassWeights = .equal
  ) {
    precondition(rows.count == labels.count, "\(rows.count) rows for \(labels.count) labels")
    precondition(strength > 0, "\(strength) is no strength")
    let positives = labels.count { $0 }
    guard positives > 0, positives < labels.count, rows.allSatisfy(\.allFinite) else { return nil }
    let weights = labels.map { label -> Double in
      switch classWeights {
      case .equal: strength
      case .balanced:
        strength * Double(labels.count) / Double(2 * (label ? positives : labels.count - positives))
      }
    }
    let problem = LogisticProblem(rows: rows, labels: labels, weights: weights)
    let solution = problem.minimize()
    self.weights = Array(solution.dropLast())
    intercept = solution[solution.count - 1]
  }

  /// w·x + b.
  public func score(_ row: [Double]) -> Double {
    precondition(row.count == weights.count, "\(row.count) inputs for \(weights.count) weights")
    return zip(row, weights).reduce(intercept) { $0 + $1.0 * $1.1 }
  }
}

/// The function that is minimized, of weights and, last, the intercept.
private struct LogisticProblem {
  let rows: [[Double]]
  let labels: [Bool]
  let weights: [Double]

  var unknowns: Int { (rows.first?.count ?? 0) + 1 }

  private func margin(_ row: [Double], _ point: [Double]) -> Double {
    zip(row, point).reduce(point[unknowns - 1]) { $0 + $1.0 * $1.1 }
  }

  func value(_ point: [Double]) -> Double {
    var sum = point.dropLast().reduce(0) { $0 + $1 * $1 } / 2
    for (index, row) in rows.enumerated() {
      let signed = labels[index] ? margin(row, point) : -margin(row, point)
      // log(1 + exp(−m)) without overflow.
      sum += weights[index] * (signed > 0 ? log1p(exp(-signed)) : log1p(exp(signed)) - signed)
    }
    return sum
  }

  /// Gradient and Hessian (its upper triangle).
  private func derivatives(_ point: [Double]) -> ([Double], DoubleMatrix) {
    let last = unknowns - 1
    var gradient = point
    gradient[last] = 0
    var hessian = DoubleMatrix(rows: unknowns, columns: unknowns)
    for index in 0..<last { hessian[index, index] = 1 }
    for (index, row) in rows.enumerated() {
      let m = margin(row, point)
      let probability = m > 0 ? 1 / (1 + exp(-m)) : exp(m) / (1 + exp(m))
      let slope = weights[index] * (probability - (labels[index] ? 1 : 0))
      let curvature = weights[index] * probability * (1 - probability)
      let inputs = row + [1]
      for i in 0...last {
        gradient[i] += slope * inputs[i]
        let scaled = curvature * inputs[i]
        guard scaled != 0 else { continue }
        for j in i...last { hessian[i, j] += scaled * inputs[j] }
      }
    }
    // A curvature that has underflowed would leave the intercept without a step.
    hessian[last, last] += 1e-12
    return (gradient, hessian)
  }

  func minimize() -> [Double] {
    var point = [Double](repeating: 0, count: unknowns)
    var current = value(point)
    for _ in 0..<200 {
      let (gradient, hessian) = derivatives(point)
      guard let factorization = CholeskyFactorization(upper: hessian) else { return point }
      let step = factorization.solve(
        DoubleMatrix(rows: unknowns, columns: 1, values: gradient)
      ).values
      let decrease = zip(step, gradient).reduce(0) { $0 + $1.0 * $1.1 }
      guard decrease > 1e-24 * max(1, abs(current)) else { return point }
      var length = 1.0
      var moved = false
      while length > 1e-10 {
        let candidate = zip(point, step).map { $0 - length * $1 }
        let next = value(candidate)
        if next <= current - 1e-4 * length * decrease
          || (length == 1 && decrease < 1e-12 * abs(current))
        {
          point = candidate
          current = next
          moved = true
          break
        }
        length /= 2
      }
      guard moved else { return point }
    }
    return point
  }
}
