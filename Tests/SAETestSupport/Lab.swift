package import Foundation

/// A small real language model with its activations and expected values: the folder that `SAE_LAB`
/// names, else `../shared/lab` beside the package. It is no part of the package, and the tests that need
/// it are skipped without it.
package enum Lab {
  /// Where the lab is looked for.
  package static let root = Checkout.folder(named: "SAE_LAB") ?? Checkout.beside("shared/lab")

  /// Whether it is there.
  package static let isPresent = FileManager.default.fileExists(atPath: path("model/config.json"))

  /// Why tests are skipped.
  package static let absence = "no lab at \(root.path); SAE_LAB names its folder"

  /// The path of something in it.
  package static func path(_ name: String) -> String { root.appendingPathComponent(name).path }
}
