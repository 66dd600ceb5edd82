import Foundation
import SAECore
import SAETestSupport
import Testing

/// One case of `fixtures/encoders`: a batch, parameters, and what a peer computed from them.
struct EncoderFixture: Sendable, CustomTestStringConvertible {
  let name: String
  let json: [String: JSONNumberOrText]
  let peer: String
  let variant: String
  let folder: URL

  var testDescription: String { name }

  /// Every case that there is.
  static func all() throws -> [EncoderFixture] {
    try Fixtures.folders(in: "encoders", holding: "case.json").map { try EncoderFixture($0) }
  }

  /// The cases of a suite, of which there have to be some.
  static func all(of suite: PeerSuite) throws -> [EncoderFixture] {
    let cases = try all().filter { suite.accepts($0.variant) }
    guard !cases.isEmpty else { throw Fixtures.Missing(what: "encoders of \(suite)") }
    return cases
  }

  init(_ path: String) throws {
    let folder = URL(fileURLWithPath: path)
    let data = try Data(contentsOf: folder.appendingPathComponent("case.json"))
    let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    let peer = try #require(object["peer"] as? String, "\(path): peer")
    let variant = try #require(object["variant"] as? String, "\(path): variant")
    self.folder = folder
    self.peer = peer
    self.variant = variant
    name = folder.lastPathComponent
    json = JSONNumberOrText.flatten(object)
  }

  func file(_ name: String) throws -> SafetensorsFile {
    try SafetensorsFile(folder.appendingPathComponent("\(name).safetensors").path)
  }

  /// A number of `case.json` at a path such as "tolerances.grad_f32".
  func number(_ path: String) -> Double? {
    if case .number(let value) = json[path] { return value }
    return nil
  }

  /// A text of `case.json`.
  func text(_ path: String) -> String? {
    if case .text(let value) = json[path] { return value }
    return nil
  }

  /// A setting of the peer's configuration or trainer.
  func setting(_ name: String) -> Double? {
    number("hyper_parameters.config.\(name)")
      ?? number("hyper_parameters.trainer_arguments.\(name)")
  }

  /// The numbers of a list of `case.json`, in their order.
  func numbers(_ path: String) throws -> [Double] {
    var values: [Double] = []
    while let value = number("\(path).\(values.count)") { values.append(value) }
    return values
  }

  /// A switch of `case.json`.
  func flag(_ path: String) -> Bool? { number(path).map { $0 != 0 } }

  /// Parameters in our orientation: W_enc is stored [width, latents].
  func parameters(_ file: SafetensorsFile, prefix: String = "") throws -> ParameterSet {
    [
      .encoder: Matrix(try file.tensor(prefix + "W_enc").matrix().transposed),
      .encoderBias: try vector(file, prefix + "b_enc"),
      .decoder: try file.tensor(prefix + "W_dec").matrix(),
      .decoderBias: try vector(file, prefix + "b_dec"),
    ]
  }

  /// Parameters by the names that a model has, in our orientation.
  func parameters(
    _ names: [ParameterName], _ file: SafetensorsFile, prefix: String = ""
  ) throws -> ParameterSet {
    var set: [(ParameterName, Matrix)] = []
    for name in names {
      let tensor = try file.tensor(prefix + name.rawValue)
      set.append(
        (
          name,
          name == .encoder
            ? Matrix(try tensor.matrix().transposed)
            : name == .decoder ? try tensor.matrix() : try vector(file, prefix + name.rawValue)
        ))
    }
    return ParameterSet(named: set)
  }

  private func vector(_ file: SafetensorsFile, _ name: String) throws -> Matrix {
    let values = try file.tensor(name).floats()
    return Matrix(rows: 1, columns: values.count, values: values)
  }
}

/// The leaves of a JSON object, under paths of their keys.
enum JSONNumberOrText: Sendable {
  case number(Double)
  case text(String)

  static func flatten(_ object: [String: Any], _ prefix: String = "") -> [String: JSONNumberOrText]
  {
    var leaves: [String: JSONNumberOrText] = [:]
    for (key, value) in object {
      let path = prefix + key
      if let nested = value as? [String: Any] {
        leaves.merge(flatten(nested, path + ".")) { first, _ in first }
      } else if let list = value as? [Any] {
        let nested = Dictionary(
          uniqueKeysWithValues: list.enumerated().map { ("\($0.offset)", $0.element) })
        leaves.merge(flatten(nested, path + ".")) { first, _ in first }
      } else if let number = value as? NSNumber {
        leaves[path] = .number(number.doubleValue)
      } else if let text = value as? String {
        leaves[path] = .text(text)
      }
    }
    return leaves
  }
}

/// The fixtures' rule: max|got − expected| ≤ tolerance · max|expected|, absolute where that is 0.
func expectClose(
  _ got: [Float], _ expected: [Float], tolerance: Double, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(got.count == expected.count, "\(what): counts differ", sourceLocation: sourceLocation)
  guard got.count == expected.count else { return }
  var largest = 0.0
  var worst = 0.0
  for (a, b) in zip(got, expected) {
    largest = max(largest, abs(Double(b)))
    let difference = abs(Double(a) - Double(b))
    worst = difference.isNaN ? .infinity : max(worst, difference)
  }
  let bound = tolerance * (largest > 0 ? largest : 1)
  #expect(
    worst <= bound, "\(what): differs by \(worst), allowed \(bound)",
    sourceLocation: sourceLocation)
}
