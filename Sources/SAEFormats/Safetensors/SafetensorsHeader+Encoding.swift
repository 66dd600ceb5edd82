extension SafetensorsHeader {
  /// The length field and the header of a file with these tensors, in this order, one after another;
  /// padded with spaces to a multiple of 8.
  ///
  /// - Precondition: all sizes together fit an `Int`.
  static func encode(
    _ tensors: [TensorDeclaration], _ metadata: [String: String]
  ) -> [UInt8] {
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        .map { "\(JSONText.quote($0.key)):\(JSONText.quote($0.value))" }
      members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var begin = 0
    for tensor in tensors {
      let end = begin + (TensorShape.byteCount(tensor.shape, tensor.type) ?? 0)
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(JSONText.quote(tensor.name)):{\"dtype\":\"\(tensor.type)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(begin),\(end)]}")
      begin = end
    }
    var text = Array("{\(members.joined(separator: ","))}".utf8)
    text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: -text.count & 7))
    let length = UInt64(text.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + text
  }
}
