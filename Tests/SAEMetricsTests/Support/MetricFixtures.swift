import Foundation
import SAECore
import SAEMetrics
import SAETestSupport
import Testing

/// The cases of one group of metrics, with numbers made by other tools.
struct MetricFixtures {
  let group: String
  let cases: [FixtureCase]

  /// The groups that there are.
  static func groups() throws -> [String] {
    try Fixtures.folders(in: "metrics", holding: "expected.json")
      .map { URL(fileURLWithPath: $0).lastPathComponent }
  }

  init(_ group: String) throws {
    struct Listing: Decodable {
      let inputs: String
      let cases: [FixtureCase.Description]
    }
    let listing = try Fixtures.json(Listing.self, "metrics/\(group)/expected.json")
    let file = try SafetensorsFile(Fixtures.path("metrics/\(group)/\(listing.inputs)"))
    self.group = group
    cases = listing.cases.map { FixtureCase(group: group, description: $0, file: file) }
  }
}

/// One case: tensors, options and the values to be met.
struct FixtureCase {
  struct Description: Decodable {
    let name: String
    let inputs: [String: String]
    let parameters: [String: JSONValue]
    let values: [ExpectedValue]
  }

  struct ExpectedValue: Decodable {
    let name: String
    let value: JSONValue
    let relativeTolerance: Double
    let absoluteTolerance: Double
  }

  let group: String
  let description: Description
  let file: SafetensorsFile

  var name: String { description.name }
  var parameters: [String: JSONValue] { description.parameters }

  func has(_ input: String) -> Bool { description.inputs[input] != nil }

  func tensor(_ input: String) throws -> StoredTensor {
    try file.tensor(try #require(description.inputs[input], "\(name): no input \(input)"))
  }

  func matrix(_ input: String) throws -> Matrix { try tensor(input).matrix() }

  func integers(_ input: String) throws -> [Int] { try tensor(input).integers() }

  func doubles(_ input: String) throws -> [Double] { try tensor(input).doubles() }

  /// Which tokens count, all where the case has no mask.
  var mask: TokenMask {
    get throws { has("mask") ? TokenMask(try integers("mask").map { $0 != 0 }) : .all }
  }

  /// The ways to cut `rows` rows: as the case says, in one piece, and row by row.
  func cuts(_ rows: Int) throws -> [[Range<Int>]] {
    let whole = [0..<rows]
    let single = (0..<rows).map { $0..<$0 + 1 }
    guard let chunks = parameters["chunks"]?.integers else { return [whole, single] }
    var begin = 0
    let given = chunks.map { length in
      defer { begin += length }
      return begin..<begin + length
    }
    try #require(begin == rows, "\(name): chunks of \(begin) rows for \(rows)")
    return [given, whole, single]
  }

  /// Holds what a metric gives against every expected value of the case. A name that `measure`
  /// does not know fails, so that no value goes unseen.
  func check(
    _ how: String = "", measure: (String) throws -> any Measured
  ) rethrows {
    for expected in description.values {
      let got = try measure(expected.name)
      let matches = got.json.matches(
        expected.value, relative: expected.relativeTolerance,
        absolute: expected.absoluteTolerance)
      #expect(
        matches,
        "\(group)/\(name) \(how): \(expected.name): expected \(expected.value), found \(got.json)")
    }
  }
}

/// Runs `body` on each case of a group, printing its name.
func forEachCase(_ group: String, _ body: (FixtureCase) throws -> Void) throws {
  let fixtures = try MetricFixtures(group)
  #expect(!fixtures.cases.isEmpty, "\(group) has no cases")
  for fixture in fixtures.cases {
    print("fixture \(group)/\(fixture.name)")
    try body(fixture)
  }
}
