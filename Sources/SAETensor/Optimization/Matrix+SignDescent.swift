extension Matrix {
  /// One step of ``ScheduleFreeSignDescent`` on this matrix, y; `fast`, z, is updated with it.
  ///
  /// - Parameter share: how much of z goes into the average.
  package mutating func signStep(
    gradient: Matrix, fast: inout Matrix, learningRate: Float, momentum: Float, share: Float
  ) {
    precondition(
      gradient.shape == shape && fast.shape == shape,
      "a step on \(shape) with a gradient of \(gradient.shape)")
    let back = 1 - 1 / momentum
    lendMutable { rows in
      fast.lendMutable { fast in
        gradient.lend { gradient in
          let (y, z, slope) = (rows.elements, fast.elements, gradient.elements)
          Parallel.forEach(y.count, least: 4096) { index in
            let g = slope[index]
            let sign: Float = (g > 0 ? 1 : 0) - (g < 0 ? 1 : 0)
            let (before, at) = (z[index], y[index])
            let after = before - learningRate * sign
            var average = at + back * (before - at)
            average += share * (after - average)
            z[index] = after
            y[index] = average + (1 - momentum) * (after - average)
          }
        }
      }
    }
  }
}
