extension NpyHeader {
  /// Everything that stands before a row-major array's elements: magic bytes, version 1.0 and the
  /// description, padded to a multiple of 64 bytes.
  ///
  /// - Parameter multiple: another multiple of 64, so that headers of different shapes have one length.
  /// - Throws: ``FileError`` if npy has no such type.
  static func encode(
    _ tensor: TensorDeclaration, file: String, multiple: Int = 64
  ) throws(FileError) -> [UInt8] {
    guard let descr = descr(tensor.type) else {
      throw .notConvertible(
        file: file, tensor: tensor.name, from: tensor.type.rawValue, to: "a type of npy files")
    }
    let shape = tensor.shape.map { "\($0)," }.joined(separator: " ")
    let tuple = tensor.shape.count > 1 ? String(shape.dropLast()) : shape
    let text = "{'descr': '\(descr)', 'fortran_order': False, 'shape': (\(tuple)), }"
    // Magic bytes, version, length and the newline at the end.
    let fixed = 11
    let length = fixed + text.utf8.count
    let padding = (length + multiple - 1) / multiple * multiple - length
    let described = text.utf8.count + padding + 1
    guard described <= Int(UInt16.max) else {
      throw .headerTooLong(file: file, declared: UInt64(described), limit: Int(UInt16.max))
    }
    return magic + [1, 0, UInt8(described & 0xFF), UInt8(described >> 8)] + Array(text.utf8)
      + [UInt8](repeating: UInt8(ascii: " "), count: padding) + [UInt8(ascii: "\n")]
  }

  private static func descr(_ type: ElementType) -> String? {
    switch type {
    case .bool: "|b1"
    case .u8: "|u1"
    case .i8: "|i1"
    case .u16: "<u2"
    case .i16: "<i2"
    case .f16: "<f2"
    case .u32: "<u4"
    case .i32: "<i4"
    case .f32: "<f4"
    case .u64: "<u8"
    case .i64: "<i8"
    case .f64: "<f8"
    case .bf16, .f8E4M3, .f8E5M2: nil
    }
  }
}
