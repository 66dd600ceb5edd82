import Foundation
package import SAEFormats
import SAETensor

/// An empty folder that is removed with the value.
package final class ScratchFolder {
  package let path: String

  package init() throws {
    path =
      FileManager.default.temporaryDirectory.appendingPathComponent(
        "sae-tests-\(UUID().uuidString)"
      ).path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  package func file(_ name: String) -> String { "\(path)/\(name)" }

  package var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }
}

extension ScratchFolder {
  /// Writes a file, in a folder that is made for it.
  @discardableResult
  package func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let url = URL(fileURLWithPath: file(name))
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
    return url.path
  }

  @discardableResult
  package func write(_ name: String, _ text: String) throws -> String {
    try write(name, Array(text.utf8))
  }

  /// Writes tensors of random numbers.
  @discardableResult
  package func writeTensors(
    _ name: String, _ shapes: KeyValuePairs<String, [Int]>, seed: UInt64 = 1,
    type: ElementType = .f32, metadata: [String: String] = [:]
  ) throws -> String {
    let path = try write(name, [UInt8]())
    var writer = try SafetensorsWriter(
      path, shapes.map { TensorDeclaration($0.key, type, $0.value) }, metadata: metadata)
    for (index, (name, shape)) in shapes.enumerated() {
      let count = shape.reduce(1, *)
      try writer.append(
        Matrix.random(1, max(1, count), seed: seed &+ UInt64(index)).array.prefix(count).map { $0 },
        to: name)
    }
    try writer.finish()
    return path
  }

  /// A copy of a folder, to be changed.
  package func copy(_ source: String, to name: String) throws -> String {
    let target = file(name)
    try? FileManager.default.removeItem(atPath: target)
    try FileManager.default.copyItem(atPath: source, toPath: target)
    return target
  }

  package func remove(_ name: String) throws {
    try FileManager.default.removeItem(atPath: file(name))
  }
}
