import Foundation
import SAETestSupport
import Testing

@testable import SAECore

@Suite struct TextLogTests {
  func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  @Test func jsonLinesReadBack() throws {
    let scratch = try ScratchFolder()
    let path = scratch.file("log.jsonl")
    let log = try JSONLinesLog(path)
    let values = [0.1, 1e300, -2.5e-7, 3, 0, 123_456_789.125]
    for (index, value) in values.enumerated() {
      try log.write(
        TrainingRecord(step: index, time: 1.5, [("a \"b\"\n\\", value), ("é", -value)]))
    }
    try log.write(TrainingRecord(step: 9, time: 2, [("x", .nan), ("y", -.infinity)]))
    let lines = try text(path).split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == values.count + 2 && lines.last == "")
    for (index, value) in values.enumerated() {
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(lines[index].utf8)) as? [String: Double])
      #expect(object == ["step": Double(index), "time": 1.5, "a \"b\"\n\\": value, "é": -value])
    }
    #expect(lines[values.count] == "{\"step\":9,\"time\":2.0,\"x\":\"nan\",\"y\":\"-inf\"}")
  }

  @Test func jsonLinesGoOn() throws {
    let scratch = try ScratchFolder()
    let path = scratch.file("log.jsonl")
    try JSONLinesLog(path).write(TrainingRecord(step: 1, time: 0, []))
    try JSONLinesLog(path).write(TrainingRecord(step: 2, time: 0, []))
    let whole = "{\"step\":1,\"time\":0.0}\n{\"step\":2,\"time\":0.0}\n"
    #expect(try text(path) == whole)
    try (whole + "{\"st").write(toFile: path, atomically: false, encoding: .utf8)
    try JSONLinesLog(path).write(TrainingRecord(step: 3, time: 0, []))
    #expect(try text(path) == whole + "{\"st\n{\"step\":3,\"time\":0.0}\n")
    #expect(throws: FileError.self) { try JSONLinesLog(scratch.file("no/such.jsonl")) }
  }

  @Test func tables() throws {
    let scratch = try ScratchFolder()
    let path = scratch.file("log.csv")
    var log = try CSVLog(path)
    try log.write(TrainingRecord(step: 1, time: 0.5, [("loss", 0.1), ("a,\"b\"", 2)]))
    try log.write(TrainingRecord(step: 2, time: 1, [("a,\"b\"", .nan)]))
    try log.write(TrainingRecord(step: 3, time: 2, [("a,\"b\"", 7), ("loss", -.infinity)]))
    #expect(
      try text(path) == """
        step,time,loss,"a,""b""\"
        1,0.5,0.1,2.0
        2,1.0,,nan
        3,2.0,-inf,7.0

        """)
    // A loss that begins later.
    try log.write(TrainingRecord(step: 4, time: 3, [("loss", 1), ("other", 2), ("new\nline", 3)]))
    try log.write(TrainingRecord(step: 5, time: 4, [("other", 4)]))
    #expect(
      try text(path) == """
        step,time,loss,"a,""b""\",other,"new
        line\"
        1,0.5,0.1,2.0,,
        2,1.0,,nan,,
        3,2.0,-inf,7.0,,
        4,3.0,1.0,,2.0,3.0
        5,4.0,,,4.0,

        """)
    #expect(throws: FileError.alreadyExists(file: path)) { try CSVLog(path) }
  }

  @Test func reportsAsRecords() throws {
    var trainer = Trainer(
      try TopKAutoencoder(
        parameters: FoldingTests.parameters(.standard, seed: 1),
        configuration: TopKConfiguration(k: 2)), schedule: try .constant(0.25),
      deadLatents: DeadLatents(latentCount: 11, rule: .tokensIncludingBatch(10)))
    let report = try trainer.train(on: FoldingTests.activations(2))
    let record = TrainingRecord(report, time: 3)
    #expect(record.step == 1 && record.time == 3)
    let values = Dictionary(uniqueKeysWithValues: record.entries.map { ($0.name, $0.value) })
    #expect(values["tokens"] == 40 && values["learning_rate"] == 0.25)
    #expect(values["loss"] == report.loss && values["l0"] == report.l0)
    #expect(values["gradient_norm"] == report.gradientNorm)
    for term in report.losses { #expect(values["loss/\(term.name)"] == term.value) }
  }
}
