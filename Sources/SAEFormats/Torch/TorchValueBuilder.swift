/// Makes values of a pickle's nodes, and names its tensors by the keys that lead to them.
struct TorchValueBuilder {
  private let pickle: Pickle
  private let archive: TorchArchive
  /// How many nodes may be visited: lists that mention each other by number describe more leaves than
  /// there are atoms.
  private var budget: Int

  /// Levels of containers.
  private static let depthLimit = 100

  static func value(of pickle: Pickle, _ archive: TorchArchive) throws(FileError) -> TorchValue {
    var builder = TorchValueBuilder(
      pickle: pickle, archive: archive, budget: 16 * archive.pickle.count + 1024)
    return try builder.value(pickle.root, [])
  }

  private mutating func value(
    _ node: Int, _ path: [TorchValue.Key]
  ) throws(FileError) -> TorchValue {
    guard path.count <= TorchValueBuilder.depthLimit else {
      throw refusal(
        "at most \(TorchValueBuilder.depthLimit) levels", "more, or a container of itself")
    }
    budget -= 1
    guard budget >= 0 else {
      throw refusal("values in proportion to the pickle's length", "many more, by repetition")
    }
    switch pickle.nodes[node] {
    case .none: return .none
    case .boolean(let value): return .boolean(value)
    case .integer(let value): return .integer(value)
    case .number(let value): return .number(value)
    case .text(let value): return .text(value)
    case .list(let items), .tuple(let items):
      var values: [TorchValue] = []
      for (index, item) in items.enumerated() {
        values.append(try value(item, path + [.integer(index)]))
      }
      return .list(values)
    case .dictionary(let dictionary):
      var entries: [(key: TorchValue.Key, value: TorchValue)] = []
      for (key, item) in dictionary.entries {
        entries.append((key, try value(item, path + [key])))
      }
      return .dictionary(entries)
    case .global(.elementType(let type)): return .elementType(type)
    case .tensor(let tensor):
      let name = path.map(\.description).joined(separator: "/")
      return .tensor(tensor.stored(name, archive.contents, isBigEndian: archive.isBigEndian))
    case .global, .storage:
      throw refusal("tensors and plain values", pickle.nodes[node].kind)
    }
  }

  private func refusal(_ expected: String, _ found: String) -> FileError {
    .wrongContents(file: archive.pickleName, expected: expected, found: found)
  }
}
