/// Where the tensors of a file that is being written lie, and how much of each is written.
struct TensorPlaces {
  struct Place {
    let declaration: TensorDeclaration
    /// Where the elements lie in the file.
    let range: Range<Int>
    /// Bytes written.
    var written = 0
  }

  let path: String
  private var places: [[UInt8]: Place] = [:]

  init(_ path: String) { self.path = path }

  /// In the order of the file.
  var all: [Place] { places.values.sorted { $0.range.lowerBound < $1.range.lowerBound } }

  /// Bytes that a tensor of that name, type and shape takes.
  ///
  /// - Throws: ``FileError`` if they do not fit an `Int`.
  func byteCount(_ tensor: TensorDeclaration) throws(FileError) -> Int {
    guard !tensor.shape.contains(where: { $0 < 0 }),
      let size = TensorShape.byteCount(tensor.shape, tensor.type)
    else { throw sizeOverflow(tensor) }
    return size
  }

  /// Places a tensor at an offset.
  ///
  /// - Returns: where it ends.
  /// - Throws: ``FileError`` if the name is taken or the end does not fit an `Int`.
  mutating func place(_ tensor: TensorDeclaration, at offset: Int) throws(FileError) -> Int {
    let (end, overflow) = offset.addingReportingOverflow(try byteCount(tensor))
    guard !overflow else { throw sizeOverflow(tensor) }
    let place = Place(declaration: tensor, range: offset..<end)
    guard places.updateValue(place, forKey: Array(tensor.name.utf8)) == nil else {
      throw .duplicateName(file: path, name: tensor.name)
    }
    return end
  }

  /// The tensor of that name.
  func place(_ name: String) throws(FileError) -> Place {
    guard let place = places[Array(name.utf8)] else {
      throw .noSuchTensor(
        file: path, tensor: name, present: places.values.map(\.declaration.name).sorted())
    }
    return place
  }

  /// Where the next bytes of a tensor go.
  func position(of name: String, for count: Int) throws(FileError) -> Int {
    let place = try place(name)
    guard count <= place.range.count - place.written else {
      throw wrongByteCount(place, found: place.written + count)
    }
    return place.range.lowerBound + place.written
  }

  /// Notes that bytes were written.
  mutating func advance(_ name: String, by count: Int) {
    places[Array(name.utf8)]?.written += count
  }

  /// - Throws: ``FileError`` if a tensor lacks bytes.
  func checkComplete() throws(FileError) {
    if let place = all.first(where: { $0.written < $0.range.count }) {
      throw wrongByteCount(place, found: place.written)
    }
  }

  private func sizeOverflow(_ tensor: TensorDeclaration) -> FileError {
    .sizeOverflow(file: path, tensor: tensor.name, shape: tensor.shape, type: tensor.type)
  }

  private func wrongByteCount(_ place: Place, found: Int) -> FileError {
    .wrongByteCount(
      file: path, tensor: place.declaration.name, shape: place.declaration.shape,
      type: place.declaration.type, expected: place.range.count, found: found)
  }
}
