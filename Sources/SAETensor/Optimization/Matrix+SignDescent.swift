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
    unsafe withUnsafeMutableElements { y in
      unsafe fast.withUnsafeMutableElements { z in
        guard let yBase = y.baseAddress, let zBase = z.baseAddress else { return }
        let (parameter, sequence) = unsafe (SharedPointer(yBase), SharedPointer(zBase))
        let from = unsafe SharedConstant(gradient.view.pointer)
        Parallel.forRanges(y.count, grain: Parallel.grain(y.count, least: 4096)) { range, _ in
          for index in range {
            let g = unsafe from.base[index]
            let sign: Float = (g > 0 ? 1 : 0) - (g < 0 ? 1 : 0)
            let before = unsafe sequence.base[index]
            let at = unsafe parameter.base[index]
            let after = before - learningRate * sign
            var average = at + back * (before - at)
            average += share * (after - average)
            unsafe sequence.base[index] = after
            unsafe parameter.base[index] = average + (1 - momentum) * (after - average)
          }
        }
      }
    }
    withExtendedLifetime(gradient) {}
  }
}
