/// A value while a pickle is read. Containers refer to others by number, so that one which contains
/// itself keeps nothing alive, and releasing many levels needs no recursion.
enum PickleNode {
  case none
  case boolean(Bool)
  case integer(Int)
  case number(Double)
  case text(String)
  case list([Int])
  case tuple([Int])
  case dictionary(PickleDictionary)
  case global(TorchGlobal)
  case storage(TorchStorage)
  case tensor(TorchTensor)

  /// What it is, for messages.
  var kind: String {
    switch self {
    case .none: "None"
    case .boolean: "a truth value"
    case .integer: "a whole number"
    case .number: "a float"
    case .text(let text): "the text \(quoted(String(text.prefix(40))))"
    case .list: "a list"
    case .tuple(let items): "a tuple of \(items.count)"
    case .dictionary: "a dictionary"
    case .global(let global): global.description
    case .storage: "a storage"
    case .tensor: "a tensor"
    }
  }
}

/// A dictionary while a pickle is read.
struct PickleDictionary {
  /// Whether it is an OrderedDict, which may have a state of its own.
  let isOrdered: Bool
  private(set) var entries: [(key: TorchValue.Key, value: Int)] = []
  private var seen: Set<Name> = []

  /// A key by its bytes: Swift takes texts for equal that PyTorch does not.
  private enum Name: Hashable {
    case text([UInt8])
    case integer(Int)
  }

  init(isOrdered: Bool) { self.isOrdered = isOrdered }

  /// Adds an entry.
  ///
  /// - Returns: false if the key is there already.
  mutating func add(_ key: TorchValue.Key, _ value: Int) -> Bool {
    let name: Name =
      switch key {
      case .text(let text): .text(Array(text.utf8))
      case .integer(let number): .integer(number)
      }
    guard seen.insert(name).inserted else { return false }
    entries.append((key, value))
    return true
  }
}

/// The elements of one or several tensors.
struct TorchStorage {
  let type: ElementType
  let count: Int
  let bytes: StoredChecksum
}

/// A view of a storage; offset and strides count elements.
struct TorchTensor {
  let storage: TorchStorage
  let offset: Int
  let shape: [Int]
  let strides: [Int]
}
