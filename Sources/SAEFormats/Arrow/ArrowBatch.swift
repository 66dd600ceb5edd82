/// The texts of a record batch or a dictionary: which are there, and where each begins.
struct ArrowBatch {
  let count: Int
  private let contents: FileBytes
  private let body: Range<Int>
  private let validity: Range<Int>?
  private let offsets: Range<Int>
  private let data: Range<Int>
  private let offsetSize: Int

  /// - Parameters:
  ///   - offsetSize: bytes of an offset, or of a number of the dictionary.
  ///   - isDictionary: whether values are such numbers, without texts of their own.
  init(
    _ table: FlatTable, _ contents: FileBytes, body: Range<Int>, node: Int, buffer: Int,
    offsetSize: Int, isDictionary: Bool
  ) throws(FileError) {
    let file = contents.name
    guard try table.table(3) == nil else {
      throw .unsupported(
        file: file, expected: "Arrow without compression", found: "compressed buffers")
    }
    let nodes = try table.pairs(1)
    let buffers = try table.pairs(2)
    func malformed(_ expected: String) -> FileError {
      .malformed(
        file: file, offset: body.lowerBound, expected: expected, found: "something else")
    }
    guard nodes.indices.contains(node), buffers.count >= buffer + (isDictionary ? 2 : 3) else {
      throw malformed("a record batch with the column's buffers")
    }
    let (count, nulls) = nodes[node]
    guard (0..<1 << 48).contains(count) else { throw malformed("a number of values") }
    func place(_ index: Int) throws(FileError) -> Range<Int> {
      let (offset, length) = buffers[buffer + index]
      guard offset >= 0, length >= 0, offset <= body.count, length <= body.count - offset else {
        throw malformed("buffers within the batch")
      }
      return body.lowerBound + offset..<body.lowerBound + offset + length
    }
    let validity = try place(0)
    offsets = try place(1)
    data = isDictionary ? offsets : try place(2)
    // An empty column may have no offset at all.
    let needed = count == 0 ? 0 : isDictionary ? count : count + 1
    guard needed <= offsets.count / offsetSize else {
      throw malformed("an offset for each of \(count) values")
    }
    guard nulls == 0 || validity.isEmpty || (count + 7) / 8 <= validity.count else {
      throw malformed("a bit for each of \(count) values")
    }
    self.validity = nulls == 0 || validity.isEmpty ? nil : validity
    self.count = count
    self.contents = contents
    self.body = body
    self.offsetSize = offsetSize
  }

  func isValid(_ index: Int) -> Bool {
    guard let validity else { return true }
    let byte = contents.bytes.littleEndian(UInt8.self, at: validity.lowerBound + index / 8)
    return byte >> UInt8(index & 7) & 1 == 1
  }

  /// The offset or number at an index.
  private func offset(_ index: Int) -> Int {
    let place = offsets.lowerBound + index * offsetSize
    switch offsetSize {
    case 1: return Int(contents.bytes.littleEndian(Int8.self, at: place))
    case 2: return Int(contents.bytes.littleEndian(Int16.self, at: place))
    case 4: return Int(contents.bytes.littleEndian(Int32.self, at: place))
    default: return Int(contents.bytes.littleEndian(Int64.self, at: place))
    }
  }

  /// The number of a value's text in the dictionary.
  func number(_ index: Int) -> Int { offset(index) }

  /// The bytes of a text.
  func text(_ index: Int) throws(FileError) -> [UInt8] {
    let (begin, end) = (offset(index), offset(index + 1))
    guard begin >= 0, begin <= end, end <= data.count else {
      throw .malformed(
        file: contents.name, offset: body.lowerBound, expected: "ascending offsets of texts",
        found: "\(begin) and \(end)")
    }
    return contents.bytes.array(data.lowerBound + begin..<data.lowerBound + end)
  }
}
