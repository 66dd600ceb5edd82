import SAEKernels
import Testing

@testable import SAETensor

/// Selections against sorting: which entries, in which order, with which scores, to the bit.
enum SelectionChecks {
  /// A score's place and its value; by magnitude the value is positive and the sign stands apart.
  struct Entry: Equatable {
    var index: UInt32
    var score: Float
  }

  /// What rows of latents hold: (value + bias) · scale.
  struct Rows {
    let values, bias, scale: [Float]

    init(_ count: Int, seed: UInt64, hasTies: Bool) {
      values =
        hasTies
        ? KernelSamples.whole(count, seed: seed) : KernelSamples.gaussian(count, seed: seed)
      bias = KernelSamples.whole(count, seed: seed + 1)
      scale = KernelSamples.whole(count, seed: seed + 2).map { abs($0) + 0.5 }
    }

    var scores: [Float] { values.indices.map { (values[$0] + bias[$0]) * scale[$0] } }
  }

  typealias Update = (
    inout TopKCandidates, Int, Int, UnsafePointer<Float>, UnsafePointer<Float>,
    UnsafePointer<Float>,
    UInt32, UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<Float>
  ) -> Void

  /// The k largest of the scores above a threshold, the lower index first among equals.
  static func largest(_ scores: [Float], _ k: Int, above: Float) -> [Int] {
    scores.indices.filter { scores[$0] > above }
      .sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }
      .prefix(k).sorted()
  }

  /// Feeds a row in pieces, and looks at the candidates before and after they are cut to k.
  private static func run(
    _ table: KernelTable, _ update: Update, _ rows: Rows, k: Int, pieces: Int, above: Float,
    _ look: (_ before: [Entry], _ after: [Entry]) -> Void
  ) {
    let count = rows.values.count
    var indices = [UInt32](repeating: 0, count: 2 * k)
    var kept = [Float](repeating: 0, count: 2 * k)
    var scratchIndices = [UInt32](repeating: 0, count: 2 * k + count + 1)
    var scratch = [Float](repeating: 0, count: 2 * k + count + 1)
    indices.withUnsafeMutableBufferPointer { indices in
      kept.withUnsafeMutableBufferPointer { kept in
        guard let indexBase = indices.baseAddress, let keptBase = kept.baseAddress else { return }
        var candidates = TopKCandidates(
          count: 0, threshold: above, indices: indexBase, scores: keptBase)
        for piece in 0..<pieces {
          let (begin, end) = (piece * count / pieces, (piece + 1) * count / pieces)
          update(
            &candidates, k, end - begin, Array(rows.values[begin...]) + [0],
            Array(rows.bias[begin...]) + [0], Array(rows.scale[begin...]) + [0], UInt32(begin),
            &scratchIndices, &scratch)
        }
        func entries() -> [Entry] {
          (0..<candidates.count).map { Entry(index: indexBase[$0], score: keptBase[$0]) }
        }
        let before = entries()
        table.finishTopK(&candidates, k)
        look(before, entries())
      }
    }
  }

  private static func trials(_ body: (_ trial: Int, _ rows: Rows, _ k: Int, _ pieces: Int) -> Void)
  {
    var generator = RandomGenerator(seed: 5)
    for trial in 0..<200 {
      let count = 1 + generator.index(below: 400)
      // A few distinct values make many ties; half of the trials have them.
      body(
        trial, Rows(count, seed: UInt64(trial), hasTies: trial % 2 == 0),
        1 + generator.index(below: min(count, 40)), 1 + generator.index(below: 5))
    }
  }

  /// Before the cut there are fewer than 2 k candidates, in ascending order, the largest among them.
  static func updateTopK(_ table: KernelTable) {
    trials { trial, rows, k, pieces in
      let above: Float = trial % 3 == 0 ? -.infinity : 0
      let scores = rows.scores
      run(table, table.updateTopK, rows, k: k, pieces: pieces, above: above) { before, _ in
        #expect(before.count < 2 * k)
        #expect(zip(before, before.dropFirst()).allSatisfy { $0.index < $1.index })
        #expect(before.allSatisfy { $0.score == scores[Int($0.index)] && $0.score > above })
        let wanted = largest(scores, k, above: above)
        #expect(Set(before.map { Int($0.index) }).isSuperset(of: wanted), "\(table.name) \(trial)")
      }
    }
  }

  static func finishTopK(_ table: KernelTable) {
    trials { trial, rows, k, pieces in
      let above: Float = trial % 3 == 0 ? -.infinity : 0
      let scores = rows.scores
      run(table, table.updateTopK, rows, k: k, pieces: pieces, above: above) { _, after in
        #expect(
          after
            == largest(scores, k, above: above).map { Entry(index: UInt32($0), score: scores[$0]) },
          "\(table.name) \(trial)")
      }
    }
  }

  /// Scores compete by magnitude; the highest bit of an index says that its score is negative.
  static func updateTopKMagnitudes(_ table: KernelTable) {
    trials { trial, rows, k, pieces in
      let scores = rows.scores
      run(table, table.updateTopKMagnitudes, rows, k: k, pieces: pieces, above: 0) { _, after in
        let expected = largest(scores.map { abs($0) }, k, above: 0).map {
          Entry(
            index: UInt32($0) | (scores[$0] < 0 ? 1 << 31 : 0), score: abs(scores[$0]))
        }
        #expect(after == expected, "\(table.name) \(trial)")
      }
    }
  }

  /// What is appended behind `length` entries that are there, and that nothing else was touched: the
  /// lists have room for one more than is written.
  private static func expectAppended(
    _ table: KernelTable, _ count: Int, _ expected: [Entry],
    _ body: (UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<Float>, Int) -> Int
  ) {
    let length = 3
    var indices = [UInt32](repeating: 77, count: length + count + 2)
    var found = [Float](repeating: 77, count: length + count + 2)
    let end = body(&indices, &found, length)
    #expect(end == length + expected.count, "\(table.name): \(count)")
    let entries = (length..<end).map { Entry(index: indices[$0], score: found[$0]) }
    #expect(entries == expected, "\(table.name): \(count)")
    #expect(indices.prefix(length) == [77, 77, 77] && found.prefix(length) == [77, 77, 77])
    #expect(indices.last == 77 && found.last == 77, "\(table.name) wrote outside")
  }

  static func appendAbove(_ table: KernelTable) {
    for count in KernelSamples.lengths {
      for threshold in [Float(-100), 0, 2, 100] {
        var rows = Rows(count, seed: UInt64(count), hasTies: true)
        if count > 4 { rows = rows.replacingValue(4, with: .nan) }
        let scores = rows.scores
        let expected = scores.indices.filter { scores[$0] > threshold }.map {
          Entry(index: 1000 + UInt32($0), score: scores[$0])
        }
        expectAppended(table, count, expected) {
          table.appendAbove(
            count, rows.values, rows.bias, rows.scale, threshold, 1000, $0, $1, $2)
        }
      }
    }
  }

  static func appendAboveThresholds(_ table: KernelTable) {
    for count in KernelSamples.lengths {
      let (values, bias, thresholds, above) = PanelChecks.rows(count)
      let expected = above.map { Entry(index: 9 + UInt32($0), score: values[$0] + bias[$0]) }
      expectAppended(table, count, expected) {
        table.appendAboveThresholds(count, values, bias, thresholds, 9, $0, $1, $2)
      }
    }
  }
}

extension SelectionChecks.Rows {
  /// The same rows with one other value.
  func replacingValue(_ index: Int, with value: Float) -> Self {
    var values = values
    values[index] = value
    return Self(values: values, bias: bias, scale: scale)
  }

  private init(values: [Float], bias: [Float], scale: [Float]) {
    (self.values, self.bias, self.scale) = (values, bias, scale)
  }
}
