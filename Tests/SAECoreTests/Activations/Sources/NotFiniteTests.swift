import Foundation
import SAECore
import Testing

/// A NaN in one row of one file of many is named, whatever stands between the file and who reads it.
@Suite struct NotFiniteTests {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
    "not-finite-\(UUID().uuidString)")

  /// Three files of 100 rows; the second has `value` in row 17, column 3.
  private func files(_ value: Float = .nan) throws -> ActivationFiles {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for name in ["a", "b", "c"] {
      var rows = Matrix(rows: 100, columns: 4) { row, column in Float(row + column) }
      if name == "b" { rows[17, 3] = value }
      var writer = try SafetensorsWriter(
        folder.appendingPathComponent("\(name).safetensors").path,
        [TensorDeclaration("x", .f32, [100, 4])])
      try writer.append(rows, to: "x")
      try writer.finish()
    }
    return try ActivationFiles(folder.path)
  }

  private func expectNamed(
    _ found: String = "NaN", _ body: () throws -> Void,
    _ location: SourceLocation = #_sourceLocation
  ) throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let error = try #require(
      throws: FileError.self, sourceLocation: location, performing: body)
    #expect(
      error.description.hasSuffix(
        "/b.safetensors: tensor \"x\": row 17, column 3: expected finite numbers, found \(found)"),
      "\(error)", sourceLocation: location)
  }

  @Test func aShuffledReading() throws {
    try expectNamed {
      var stream = try ShuffledActivations(files(), seed: 1, bufferTokens: 40, blockTokens: 10)
      for _ in 0..<30 { _ = try stream.next(10) }
    }
  }

  /// Whether the row is in a buffer or drawn in the background.
  @Test func aRun() throws {
    try expectNamed("inf") {
      var options = TrainingOptions(steps: 20)
      options.batchTokens = 32
      options.data.bufferTokens = 32
      options.data.normalization = .none
      var run = try TrainingRun<TopKAutoencoder>(
        TopKConfiguration(k: 2), latentCount: 8, on: files(.infinity), options: options)
      while try run.step() != nil {}
    }
  }

  @Test func theNormalization() throws {
    try expectNamed { _ = try ActivationStatistics(files(), rows: 300) }
  }

  @Test func rowsThatAreLeftOutAndRowsThatAreNot() throws {
    let source = try files(-.infinity)
    let others = SelectedActivations(source, [0..<117, 118..<300])
    _ = try others.finiteMatrix(rows: 0..<others.tokens)
    try expectNamed("-inf") {
      let some = SelectedActivations(source, [250..<300, 110..<120])
      _ = try some.finiteMatrix(rows: 40..<some.tokens)
    }
  }

  @Test func aMatrixSaysItsRow() throws {
    var rows = Matrix(rows: 5, columns: 2)
    rows[3, 1] = .nan
    let error = try #require(throws: FileError.self) { try rows.finiteMatrix(rows: 2..<5) }
    #expect(error.description == "activations: row 3, column 1: expected finite numbers, found NaN")
  }

  @Test func aLookAtAllRows() throws {
    try expectNamed { try files().checkFinite() }
    let source = try files()
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(try source.finiteRows() == [0..<117, 118..<300])
    var rows = Matrix(rows: 9000, columns: 2)
    for row in [0, 4095, 4096, 8999] { rows[row, 1] = .infinity }
    #expect(try rows.finiteRows() == [1..<4095, 4097..<8999])
    #expect(try Matrix(rows: 0, columns: 2).finiteRows().isEmpty)
  }
}
