import SAEKernels
import SAETestSupport
import Testing

@testable import SAETensor

enum ProductChecks {
  /// Every lane of every chain goes through s ← c + s f once a step.
  static func peak(_ table: KernelTable) {
    for steps in [0, 1, 10] {
      let seed: Float = 0.5
      var exact = Double(seed)
      for _ in 0..<steps { exact = Double(Float(1e-3) * seed) + exact * Double(0.999 * seed) }
      // Two roundings a step, and one for each lane that is added.
      KernelSamples.expect(
        [table.peak(steps, seed)], [exact * Double(table.peakWidth)],
        within: { _ in
          Double(2 * steps + table.peakWidth) * roundoff * exact * Double(table.peakWidth)
        }, table)
    }
  }

  /// A sum of k products has at most k + 1 roundings a term, with what was there among them.
  static func multiplyBlock(_ table: KernelTable) {
    let (rows, columns) = (table.tileRows, table.tileColumns)
    for (m, n, depth) in [
      (1, 1, 1), (rows, columns, 8), (rows + 1, columns + 1, 7), (2 * rows - 1, 3 * columns, 33),
      (3 * rows, columns - 1, 0), (3, 2 * columns + 5, 130),
    ] {
      let a = Matrix.random(m, max(1, depth), seed: UInt64(m))
      let b = Matrix.random(max(1, depth), n, seed: UInt64(n))
      let panels = ((m + rows - 1) / rows * rows, (n + columns - 1) / columns * columns)
      let packedA = (0..<panels.0 * depth).map { place -> Float in
        let (panel, rest) = (place / (rows * max(1, depth)), place % (rows * max(1, depth)))
        let row = panel * rows + rest % rows
        return row < m ? a[row, rest / rows] : 0
      }
      let packedB = (0..<panels.1 * depth).map { place -> Float in
        let (panel, rest) = (place / (columns * max(1, depth)), place % (columns * max(1, depth)))
        let column = panel * columns + rest % columns
        return column < n ? b[rest / columns, column] : 0
      }
      let stride = n + 3
      let start = KernelSamples.gaussian(m * stride, seed: 5)
      for accumulates in [false, true] {
        let found = KernelSamples.written(m * stride, from: start, table) {
          table.multiplyBlock(m, n, depth, packedA + [0], packedB + [0], $0, stride, accumulates)
        }
        let sums = (0..<m * stride).map { place -> (value: Double, magnitude: Double) in
          let (i, j) = (place / stride, place % stride)
          guard j < n else { return (Double(start[place]), 0) }
          let before = accumulates ? [Double(start[place])] : []
          return KernelSamples.sum(
            before + (0..<depth).map { Double(a[i, $0]) * Double(b[$0, j]) })
        }
        KernelSamples.expect(
          found, sums.map(\.value),
          within: { Double(depth + 2) * roundoff * sums[$0].magnitude * 1.001 }, table)
      }
    }
  }

  static func packA(_ table: KernelTable) {
    pack(table, width: table.tileRows, table.packA)
  }

  static func packB(_ table: KernelTable) {
    pack(table, width: table.tileColumns, table.packB)
  }

  /// Panel after panel, step after step of the depth, zeros where the last panel has no more.
  private static func pack(
    _ table: KernelTable, width: Int,
    _ body: (
      UnsafePointer<Float>, Int, Int, Int, Int, UnsafeMutablePointer<Float>
    ) -> Void
  ) {
    for count in [1, width - 1, width, 2 * width + 1, 9 * width] {
      for depth in [1, 5, 16, 150] {
        for (across, step) in [(1, count + 3), (depth + 2, 1), (2, 2 * count + 1)] {
          let source = KernelSamples.gaussian(
            (count - 1) * across + (depth - 1) * step + 1, seed: UInt64(count + depth))
          let panels = (count + width - 1) / width
          let found = KernelSamples.written(panels * depth * width, table) {
            body(source, count, depth, across, step, $0)
          }
          let expected = (0..<panels * depth * width).map { place -> Float in
            let (panel, p, i) = (
              place / (depth * width), place / width % depth, place % width
            )
            let index = panel * width + i
            return index < count ? source[index * across + p * step] : 0
          }
          #expect(found == expected, "\(table.name): \(count) × \(depth)")
        }
      }
    }
  }

  /// Only the steps of a row's mask count; what the others hold is not looked at.
  static func multiplyMasked(_ table: KernelTable) {
    let (steps, columns) = (table.maskedSteps, table.maskedColumns)
    for n in [1, 7, 8, 17, columns - 1, columns] {
      let m = 5
      let masks: [UInt32] = [0, 1, .max, 0x8000_0001, 0x5A5A_A5A5]
      var a = KernelSamples.gaussian(m * steps, seed: UInt64(n))
      let b = KernelSamples.gaussian(steps * columns, seed: UInt64(n) + 30)
      for place in a.indices where masks[place / steps] >> UInt32(place % steps) & 1 == 0 {
        a[place] = .nan
      }
      let stride = n + 2
      let start = KernelSamples.gaussian(m * stride, seed: 31)
      for accumulates in [false, true] {
        let found = KernelSamples.written(m * stride, from: start, table) {
          table.multiplyMasked(m, n, masks, a, b, $0, stride, accumulates, b, columns)
        }
        let sums = (0..<m * stride).map { place -> (value: Double, magnitude: Double) in
          let (i, j) = (place / stride, place % stride)
          guard j < n else { return (Double(start[place]), 0) }
          let counted = (0..<steps).filter { masks[i] >> UInt32($0) & 1 == 1 }
          let before = accumulates ? [Double(start[place])] : []
          return KernelSamples.sum(
            before + counted.map { Double(a[i * steps + $0]) * Double(b[$0 * columns + j]) })
        }
        KernelSamples.expect(
          found, sums.map(\.value),
          within: { Double(steps + 2) * roundoff * sums[$0].magnitude * 1.001 }, table)
      }
    }
  }

  static func packMasked(_ table: KernelTable) {
    let steps = table.maskedSteps
    for m in [1, 4, 7] {
      for depth in [1, 31, steps] {
        for (across, step) in [(1, m + 2), (depth + 1, 1), (3, 3 * m + 1)] {
          var source = KernelSamples.gaussian(
            (m - 1) * across + (depth - 1) * step + 1, seed: UInt64(m + depth))
          for place in source.indices where place % 3 == 0 {
            source[place] = place % 2 == 0 ? 0 : -0.0
          }
          var masks = [UInt32](repeating: 7, count: m)
          let found = KernelSamples.written(m * steps, table) {
            table.packMasked(source, m, depth, across, step, $0, &masks)
          }
          let expected = (0..<m * steps).map { place -> Float in
            place % steps < depth ? source[place / steps * across + place % steps * step] : 0
          }
          #expect(found == expected, "\(table.name): \(m) × \(depth)")
          let bits = (0..<m).map { row in
            (0..<steps).reduce(UInt32(0)) {
              $0 | (expected[row * steps + $1] != 0 ? 1 << UInt32($1) : 0)
            }
          }
          #expect(masks == bits, "\(table.name): \(m) × \(depth)")
        }
      }
    }
  }
}
