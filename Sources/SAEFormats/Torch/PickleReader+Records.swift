/// The records that names of a pickle stand for: tensors, their storages, and what stands beside them.
extension PickleReader {
  /// A name and its arguments become a record; nothing is called.
  mutating func reduce() throws(FileError) {
    let values = try pop(2)
    guard case .global(let global) = nodes[values[0]] else {
      throw refusal("a name that stands for a record", nodes[values[0]].kind)
    }
    guard case .tuple(let arguments) = nodes[values[1]] else {
      throw refusal("a tuple of arguments", nodes[values[1]].kind)
    }
    switch global {
    case .orderedDictionary:
      try check(arguments, 0...0, global)
      push(.dictionary(PickleDictionary(isOrdered: true)))
    case .tensor:
      try check(arguments, 6...7, global)
      try checkPlain(arguments)
      push(.tensor(try tensor(arguments)))
    case .olderTensor:
      try check(arguments, 4...4, global)
      push(.tensor(try tensor(arguments)))
    case .parameter:
      try check(arguments, 3...3, global)
      guard case .tensor = nodes[arguments[0]] else {
        throw refusal("a tensor", nodes[arguments[0]].kind)
      }
      stack.append(arguments[0])
    case .size:
      try check(arguments, 1...1, global)
      _ = try integers(arguments[0])
      stack.append(arguments[0])
    case .device:
      try check(arguments, 1...2, global)
      push(.text(try device(arguments)))
    case .elementType, .storage:
      throw refusal("a name that stands for a record", global.description)
    }
  }

  private func check(
    _ arguments: [Int], _ count: ClosedRange<Int>, _ global: TorchGlobal
  ) throws(FileError) {
    guard count.contains(arguments.count) else {
      throw refusal(
        "\(count.lowerBound) arguments of \(global.description)", "\(arguments.count)")
    }
  }

  /// A tensor's gradient and hooks do not matter; bits of lazy conjugation or negation would.
  private func checkPlain(_ arguments: [Int]) throws(FileError) {
    guard case .boolean = nodes[arguments[4]] else {
      throw refusal("true or false as fifth argument", nodes[arguments[4]].kind)
    }
    guard case .dictionary = nodes[arguments[5]] else {
      throw refusal("a dictionary of hooks", nodes[arguments[5]].kind)
    }
    guard arguments.count > 6 else { return }
    guard case .dictionary(let metadata) = nodes[arguments[6]], metadata.entries.isEmpty else {
      throw refusal("no metadata of a tensor", nodes[arguments[6]].kind)
    }
  }

  private func device(_ arguments: [Int]) throws(FileError) -> String {
    guard case .text(let name) = nodes[arguments[0]] else {
      throw refusal("a device's name", nodes[arguments[0]].kind)
    }
    guard arguments.count > 1 else { return name }
    return "\(name):\(try integer(arguments[1]))"
  }

  // MARK: - Tensors

  /// A reference to the elements of tensors, which is a tuple.
  mutating func storage(_ reference: Int) throws(FileError) -> TorchStorage {
    guard case .tuple(let items) = nodes[reference], items.count == 5 else {
      throw refusal("a tuple of five, of a storage", nodes[reference].kind)
    }
    guard case .text("storage") = nodes[items[0]] else {
      throw refusal("a reference to a storage", nodes[items[0]].kind)
    }
    guard case .global(.storage(let type)) = nodes[items[1]] else {
      throw refusal("a type of storage", nodes[items[1]].kind)
    }
    guard case .text(let key) = nodes[items[2]] else {
      throw refusal("a storage's key", nodes[items[2]].kind)
    }
    guard case .text = nodes[items[3]] else {
      throw refusal("a device's name", nodes[items[3]].kind)
    }
    let count = try integer(items[4])
    guard let member = try archive.storage(key) else {
      throw refusal("a member of the archive for each storage", "none for \(quoted(key))")
    }
    let (size, overflow) = count.multipliedReportingOverflow(by: type.size)
    guard count >= 0, !overflow, size == member.bytes.count else {
      throw refusal(
        "\(member.bytes.count) bytes, as the member \(quoted(member.member)) has",
        "\(count) elements of \(type)")
    }
    let earlier = storageTypes.updateValue(type, forKey: Array(key.utf8))
    guard earlier == nil || earlier == type else {
      throw refusal("one type for the storage \(quoted(key))", "\(earlier ?? type) and \(type)")
    }
    return TorchStorage(type: type, count: count, bytes: member)
  }

  private func tensor(_ arguments: [Int]) throws(FileError) -> TorchTensor {
    guard case .storage(let storage) = nodes[arguments[0]] else {
      throw refusal("a tensor's storage", nodes[arguments[0]].kind)
    }
    let offset = try integer(arguments[1])
    let shape = try integers(arguments[2])
    let strides = try integers(arguments[3])
    if let (expected, found) = TorchTensor.fault(
      offset: offset, shape: shape, strides: strides, in: storage)
    {
      throw refusal(expected, found)
    }
    return TorchTensor(storage: storage, offset: offset, shape: shape, strides: strides)
  }

  private func integer(_ node: Int) throws(FileError) -> Int {
    guard case .integer(let number) = nodes[node] else {
      throw refusal("a whole number", nodes[node].kind)
    }
    return number
  }

  private func integers(_ node: Int) throws(FileError) -> [Int] {
    guard case .tuple(let items) = nodes[node] else {
      throw refusal("a tuple of whole numbers", nodes[node].kind)
    }
    var numbers: [Int] = []
    for item in items { numbers.append(try integer(item)) }
    return numbers
  }
}
