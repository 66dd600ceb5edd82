import Testing

@testable import SAECore

/// What a source says and is told goes through every source around it.
@Suite struct SourceHintTests {
  private func recording(_ name: String = "rows", first: Int = 0) -> RecordingActivations {
    RecordingActivations(name, blocks: RowBlocks(of: 5, rows: 13), first: first)
  }

  private func rows(_ source: any ActivationSource, _ ranges: [Range<Int>]) throws -> [Float] {
    let matrix = try source.matrix(rows: ranges)
    return (0..<matrix.rows).map { matrix[$0, 0] }
  }

  @Test func concatenation() throws {
    let (a, b) = (recording("a"), recording("b", first: 13))
    let all = try ConcatenatedActivations([a, b])
    #expect(Array(all.blocks) == [0..<5, 5..<10, 10..<13, 13..<18, 18..<23, 23..<26])
    all.prepare([10..<15, 20..<22])
    #expect(a.record.prepared == [[10..<13]] && b.record.prepared == [[0..<2, 7..<9]])
    all.release(11..<14)
    #expect(a.record.released == [11..<13] && b.record.released == [0..<1])
    #expect("\(all.place(ofRow: 14, column: 1))" == "b: row 1, column 1")
    #expect("\(all.place(ofRow: 12, column: 0))" == "a: row 12, column 0")
    #expect(try rows(all, [20..<22, 11..<15, 3..<4]) == [20, 21, 11, 12, 13, 14, 3])
  }

  /// Blocks are read whole, so that a model runs no sequence twice.
  @Test func shufflingCutsNoSequence() throws {
    let parts = [recording("a"), recording("b", first: 13), recording("c", first: 26)]
    let whole = Set(parts[0].blocks)
    var stream = try ShuffledActivations(
      ConcatenatedActivations(parts), seed: 2, bufferTokens: 16, blockTokens: 10)
    let drawn = try ShuffledActivationsTests.drawn(&stream, [39])
    #expect(drawn.sorted() == (0..<39).map { Float($0) })
    for part in parts {
      // Blocks of two sequences, or one.
      for range in part.record.reads {
        #expect(whole.contains { $0.lowerBound == range.lowerBound })
        #expect(whole.contains { $0.upperBound == range.upperBound })
      }
      #expect(part.record.reads.reduce(0) { $0 + $1.count } == 13)
    }
  }

  /// Blocks of different sizes: a reading that goes on draws the same rows.
  @Test func goingOnInUnequalBlocks() throws {
    var generator = RandomGenerator(seed: 9)
    for _ in 0..<20 {
      var end = 0
      let ends = (0..<12).map { _ in
        end += 1 + generator.index(below: 7)
        return end
      }
      let source = RecordingActivations(blocks: RowBlocks(ends: ends))
      var stream = try ShuffledActivations(source, seed: 4, bufferTokens: 17, blockTokens: 9)
      _ = try stream.next(generator.index(below: 3 * end))
      var resumed = try ShuffledActivations(source, from: stream.position)
      let expected = try ShuffledActivationsTests.drawn(&stream, [2 * end])
      #expect(try ShuffledActivationsTests.drawn(&resumed, [2 * end]) == expected)
    }
  }

  @Test func selection() throws {
    let source = recording()
    let ranges = [3..<6, 10..<11, 11..<13, 0..<2]
    let selected = SelectedActivations(source, ranges)
    #expect(selected.tokens == 8 && Array(selected.blocks) == [0..<2, 2..<3, 3..<6, 6..<8])
    let expected: [Float] = [3, 4, 5, 10, 11, 12, 0, 1]
    for begin in 0..<8 {
      for end in begin...8 {
        let found = try selected.matrix(rows: begin..<end)
        #expect((0..<found.rows).map { found[$0, 0] } == Array(expected[begin..<end]))
      }
    }
    #expect(try rows(selected, [6..<8, 2..<4]) == [0, 1, 5, 10])
    selected.prepare([1..<4])
    #expect(source.record.prepared == [[4..<6, 10..<11]])
    selected.release(2..<4)
    #expect(source.record.released == [5..<6, 10..<11])
    #expect("\(selected.place(ofRow: 5, column: 1))" == "rows: row 12, column 1")
  }

  @Test func pairsAndReadingAhead() throws {
    let (inputs, targets) = (recording("in"), recording("out"))
    let pairs = try TrainingRows(inputs, targets: targets)
    #expect(pairs.blocks == inputs.blocks)
    #expect("\(pairs.place(ofRow: 4, column: 1))" == "in: row 4, column 1")
    #expect("\(pairs.place(ofRow: 4, column: 2))" == "out: row 4, column 0")
    let ahead = ReadAheadActivations(inputs, batchTokens: 5)
    #expect(ahead.blocks == inputs.blocks)
    #expect("\(ahead.place(ofRow: 4, column: 1))" == "in: row 4, column 1")
  }

  /// Three requirements make a source, and hints have defaults.
  @Test func withoutHints() throws {
    struct Plain: ActivationSource {
      let rows = Matrix(rows: 4, columns: 1) { row, _ in Float(row) }
      var width: Int { 1 }
      var tokens: Int { 4 }
      func read(_ range: Range<Int>, into matrix: inout Matrix, at row: Int) {
        rows.read(range, into: &matrix, at: row)
      }
    }
    struct Unsaid: HintedActivations {
      let plain = Plain()
      var width: Int { 1 }
      var tokens: Int { 4 }
      func read(_ range: Range<Int>, into matrix: inout Matrix, at row: Int) {
        plain.read(range, into: &matrix, at: row)
      }
    }
    for source in [Plain(), Unsaid()] as [any ActivationSource] {
      #expect(source.blocks == RowBlocks(of: 1, rows: 4))
      #expect(try rows(source, [3..<4, 0..<2]) == [3, 0, 1])
      source.prepare([0..<1])
      source.release(0..<1)
      #expect(source.place(ofRow: 2, column: 0) == ElementPlace(row: 2, column: 0))
    }
  }
}
