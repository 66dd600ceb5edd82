package import Foundation

/// Numbers that other libraries computed, in folders by kind: `encoders`, `variants`, `formats`,
/// `metrics`, `models`.
///
/// A small set of them lies in this target. The full set lies in the folder that `SAE_FIXTURES` names,
/// else in `../shared/fixtures` beside the package where there is such a folder; what it has comes
/// before what the small set has of the same name. Whatever looks for cases and finds none throws.
package enum Fixtures {
  /// The full set, if there is one, and the small one.
  package static let roots: [URL] = {
    let beside = Checkout.beside("shared/fixtures")
    let isThere = FileManager.default.fileExists(atPath: beside.path)
    let full = Checkout.folder(named: "SAE_FIXTURES") ?? (isThere ? beside : nil)
    return [full, Bundle.module.url(forResource: "Fixtures", withExtension: nil)].compactMap { $0 }
  }()

  /// The path of a file or folder that the tests know by name.
  package static func path(_ name: String) throws -> String {
    try checkRoots()
    guard let path = all(name).first else { throw Missing(what: name) }
    return path
  }

  /// The path of a folder, nil where neither set has it.
  package static func pathIfPresent(_ name: String) -> String? { all(name).first }

  /// The folders in a folder that hold a file of a name, in the order of their names.
  package static func folders(in folder: String, holding file: String) throws -> [String] {
    try checkRoots()
    var found: [String: String] = [:]
    for path in all(folder) {
      for name in names(path) where found[name] == nil {
        guard FileManager.default.fileExists(atPath: "\(path)/\(name)/\(file)") else { continue }
        found[name] = "\(path)/\(name)"
      }
    }
    guard !found.isEmpty else { throw Missing(what: "\(folder)/*/\(file)") }
    return found.sorted { $0.key < $1.key }.map(\.value)
  }

  /// The files in a folder whose names end so, in the order of their names: all of one set, as the
  /// manifest beside them describes no others.
  package static func files(in folder: String, ending: String) throws -> [String] {
    let path = try path(folder)
    let found = names(path).filter { $0.hasSuffix(ending) }.map { "\(path)/\($0)" }
    guard !found.isEmpty else { throw Missing(what: "\(folder)/*\(ending)") }
    return found
  }

  /// What a JSON file holds.
  package static func json<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
    try JSONDecoder().decode(type, from: Data(contentsOf: URL(fileURLWithPath: path(name))))
  }

  /// Where a name is, the full set first.
  private static func all(_ name: String) -> [String] {
    roots.map { $0.appendingPathComponent(name).path }
      .filter { FileManager.default.fileExists(atPath: $0) }
  }

  private static func names(_ folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }

  /// A folder that the environment names has to be there.
  private static func checkRoots() throws {
    for root in roots where !FileManager.default.fileExists(atPath: root.path) {
      throw Missing(what: root.path)
    }
  }

  /// What was looked for and is in no set.
  package struct Missing: Error, CustomStringConvertible {
    package let what: String

    package init(what: String) { self.what = what }

    package var description: String {
      "expected fixtures \(what), found none in \(roots.map(\.path).joined(separator: " or in "))"
    }
  }
}
