import Foundation
import SAECore
import SAEModels
import Testing

/// A small real model with its activations and expected values, in a folder beside the package.
enum Lab {
  static let root: URL = {
    if let path = ProcessInfo.processInfo.environment["SAE_LAB"] {
      return URL(fileURLWithPath: path)
    }
    return URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../shared/lab").standardizedFileURL
  }()

  static let isPresent: Bool = {
    let found = FileManager.default.fileExists(atPath: path("model/config.json"))
    if !found { print("no lab at \(root.path): its tests are skipped") }
    return found
  }()

  static func path(_ name: String) -> String { root.appendingPathComponent(name).path }

  /// The model as it is, read once for all tests.
  static let model = Result { try LanguageModels.load(path("model")) }

  /// The model with rotary frequencies in float32: so were the lab's figures of recovered loss
  /// computed. Its activations and expected tensors have them in bfloat16, as its configuration
  /// says.
  static let exactRotaryModel = Result {
    try LanguageModels.load(path("model"), options: ModelOptions(rotaryFrequencies: .float32))
  }
}

/// √(Σ (a − b)² / Σ b²)
func relativeError(_ found: some Sequence<Float>, _ expected: some Sequence<Float>) -> Double {
  var difference = 0.0
  var size = 0.0
  for (a, b) in zip(found, expected) {
    difference += (Double(a) - Double(b)) * (Double(a) - Double(b))
    size += Double(b) * Double(b)
  }
  return (difference / size).squareRoot()
}
