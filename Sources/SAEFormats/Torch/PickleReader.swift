/// A pickle that has been read: nodes that refer to each other by number.
struct Pickle {
  let nodes: [PickleNode]
  let root: Int
}

/// Reads the pickle of a PyTorch file, as far as dictionaries of tensors need it.
///
/// Source: Python's `pickletools`; what `torch.save` writes. Nothing is executed.
struct PickleReader {
  let archive: TorchArchive
  private var cursor: PickleCursor
  var nodes: [PickleNode] = []
  var stack: [Int] = []
  private var marks: [Int] = []
  private var memo: [UInt32: Int] = [:]
  var storageTypes: [[UInt8]: ElementType] = [:]

  /// Values that wait, and marks among them: far more than `torch.save` has at a time.
  private static let stackLimit = 1 << 16

  init(_ archive: TorchArchive) {
    self.archive = archive
    cursor = PickleCursor(archive.pickle, file: archive.pickleName)
  }

  /// Reads it to the end.
  ///
  /// - Throws: ``FileError`` with the place of the first instruction that is refused.
  mutating func read() throws(FileError) -> Pickle {
    guard try cursor.byte() == PickleOpcode.proto.rawValue else {
      throw refusal("a pickle, which begins with its protocol (0x80)", "another byte")
    }
    let version = try cursor.byte()
    guard version == 2 else { throw refusal("protocol 2, which torch.save writes", "\(version)") }
    while true {
      let code = try cursor.instruction()
      guard let opcode = PickleOpcode(rawValue: code) else {
        throw refusal(
          "an instruction of a dictionary of tensors", PickleOpcode.name(ofOther: code))
      }
      if opcode == .stop { return try finish() }
      try run(opcode)
      guard stack.count <= PickleReader.stackLimit, marks.count <= PickleReader.stackLimit else {
        throw refusal("at most \(PickleReader.stackLimit) values that wait", "more")
      }
    }
  }

  private mutating func finish() throws(FileError) -> Pickle {
    let root = try pop()
    guard stack.isEmpty, marks.isEmpty else {
      throw refusal("one value at the end", "\(stack.count + 1), with \(marks.count) marks")
    }
    guard cursor.left == 0 else {
      throw refusal("the pickle's end", "\(cursor.left) further bytes")
    }
    return Pickle(nodes: nodes, root: root)
  }

  private mutating func run(_ opcode: PickleOpcode) throws(FileError) {
    switch opcode {
    case .proto: throw refusal("the protocol once", "again")
    case .stop: break
    case .mark: marks.append(stack.count)
    case .emptyTuple: push(.tuple([]))
    case .emptyList: push(.list([]))
    case .emptyDictionary: push(.dictionary(PickleDictionary(isOrdered: false)))
    case .tuple: push(.tuple(try popToMark()))
    case .tuple1: push(.tuple(try pop(1)))
    case .tuple2: push(.tuple(try pop(2)))
    case .tuple3: push(.tuple(try pop(3)))
    case .append: try append([try pop()])
    case .appends: try append(try popToMark())
    case .setItem: try setItems(try pop(2))
    case .setItems: try setItems(try popToMark())
    case .text: push(.text(try cursor.text(Int(try cursor.littleEndian(UInt32.self)))))
    case .shortText: push(.text(try cursor.text(Int(try cursor.byte()))))
    case .integer: push(.integer(Int(Int32(bitPattern: try cursor.littleEndian(UInt32.self)))))
    case .byte: push(.integer(Int(try cursor.byte())))
    case .short: push(.integer(Int(try cursor.littleEndian(UInt16.self))))
    case .long: push(.integer(try cursor.long()))
    case .float: push(.number(Double(bitPattern: try cursor.littleEndian(UInt64.self).byteSwapped)))
    case .none: push(.none)
    case .yes: push(.boolean(true))
    case .no: push(.boolean(false))
    case .put: memo[UInt32(try cursor.byte())] = try top()
    case .longPut: memo[try cursor.littleEndian(UInt32.self)] = try top()
    case .get: try get(UInt32(try cursor.byte()))
    case .longGet: try get(try cursor.littleEndian(UInt32.self))
    case .global: push(.global(try global()))
    case .persistent: push(.storage(try storage(try pop())))
    case .reduce: try reduce()
    case .build: try build()
    }
  }

  // MARK: - The stack

  mutating func push(_ node: PickleNode) {
    stack.append(nodes.count)
    nodes.append(node)
  }

  /// Values below the last mark are not to be reached.
  private var available: Int { stack.count - (marks.last ?? 0) }

  private func top() throws(FileError) -> Int {
    guard available > 0, let top = stack.last else { throw refusal("a value", "none") }
    return top
  }

  mutating func pop() throws(FileError) -> Int {
    let top = try top()
    stack.removeLast()
    return top
  }

  mutating func pop(_ count: Int) throws(FileError) -> [Int] {
    guard available >= count else { throw refusal("\(count) values", "\(available)") }
    let values = Array(stack.suffix(count))
    stack.removeLast(count)
    return values
  }

  private mutating func popToMark() throws(FileError) -> [Int] {
    guard let mark = marks.popLast() else { throw refusal("a mark", "none") }
    let values = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return values
  }

  private mutating func get(_ index: UInt32) throws(FileError) {
    guard let node = memo[index] else {
      throw refusal("a value that was noted", "none under \(index)")
    }
    stack.append(node)
  }

  // MARK: - Containers

  private mutating func append(_ items: [Int]) throws(FileError) {
    let target = try top()
    guard case .list(var list) = nodes[target] else {
      throw refusal("a list", nodes[target].kind)
    }
    // Given up while it grows, so that it need not be copied.
    nodes[target] = .none
    list += items
    nodes[target] = .list(list)
  }

  private mutating func setItems(_ items: [Int]) throws(FileError) {
    let target = try top()
    guard case .dictionary(var dictionary) = nodes[target] else {
      throw refusal("a dictionary", nodes[target].kind)
    }
    guard items.count.isMultiple(of: 2) else {
      throw refusal("keys with values", "\(items.count) values")
    }
    nodes[target] = .none
    for index in stride(from: 0, to: items.count, by: 2) {
      let key: TorchValue.Key
      switch nodes[items[index]] {
      case .text(let text): key = .text(text)
      case .integer(let number): key = .integer(number)
      default: throw refusal("a text or a whole number as key", nodes[items[index]].kind)
      }
      guard dictionary.add(key, items[index + 1]) else {
        throw .duplicateName(file: archive.pickleName, name: key.description)
      }
    }
    nodes[target] = .dictionary(dictionary)
  }

  /// An ordered dictionary's own state, which modules note their version in, does not count.
  private mutating func build() throws(FileError) {
    let state = try pop()
    let target = try top()
    guard case .dictionary(let dictionary) = nodes[target], dictionary.isOrdered else {
      throw refusal("an OrderedDict to give a state to", nodes[target].kind)
    }
    guard case .dictionary = nodes[state] else {
      throw refusal("a dictionary as state", nodes[state].kind)
    }
  }

  /// An error at the instruction that is being read.
  func refusal(_ expected: String, _ found: String) -> FileError {
    cursor.refusal(expected, found)
  }

  private mutating func global() throws(FileError) -> TorchGlobal {
    let (module, name) = (try cursor.line(), try cursor.line())
    guard let global = TorchGlobal(module: module, name: name) else {
      throw refusal(
        "a name of a tensor, a storage, a type or an OrderedDict", quoted("\(module).\(name)"))
    }
    return global
  }
}
