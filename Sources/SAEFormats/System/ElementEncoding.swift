import SAEKernels

/// Numbers as elements of a file, little-endian.
extension ElementType {
  /// Whether floats can be stored as this type.
  var storesFloats: Bool {
    switch self {
    case .f16, .bf16, .f32, .f64: true
    default: false
    }
  }

  /// The bytes of floats; F16 and BF16 are rounded to nearest, half to even.
  ///
  /// - Precondition: ``storesFloats``.
  func encode(_ values: Span<Float>) -> [UInt8] {
    switch self {
    case .f32: encode(values) { $0.bitPattern }
    case .f64: encode(values) { Double($0).bitPattern }
    case .f16: encode(values) { HalfPrecisionBits.narrow(f16: $0) }
    case .bf16: encode(values) { HalfPrecisionBits.narrow(bf16: $0) }
    default: preconditionFailure("\(self) does not hold floats")
    }
  }

  /// The bytes of doubles, as F64 or rounded to F32.
  ///
  /// - Precondition: the type is one of these two.
  func encode(_ values: Span<Double>) -> [UInt8] {
    switch self {
    case .f64: encode(values) { $0.bitPattern }
    case .f32: encode(values) { Float($0).bitPattern }
    default: preconditionFailure("\(self) does not hold doubles")
    }
  }

  /// The bytes of whole numbers that the type can hold.
  ///
  /// - Precondition: ``isInteger``, and every value within ``integerRange``.
  func encode(_ values: Span<Int>) -> [UInt8] {
    switch self {
    case .bool, .u8: encode(values) { UInt8($0) }
    case .i8: encode(values) { UInt8(bitPattern: Int8($0)) }
    case .u16: encode(values) { UInt16($0) }
    case .i16: encode(values) { UInt16(bitPattern: Int16($0)) }
    case .u32: encode(values) { UInt32($0) }
    case .i32: encode(values) { UInt32(bitPattern: Int32($0)) }
    case .u64: encode(values) { UInt64($0) }
    case .i64: encode(values) { UInt64(bitPattern: Int64($0)) }
    default: preconditionFailure("\(self) does not hold whole numbers")
    }
  }

  /// The `Int`s that the type holds; nil for types of floats.
  var integerRange: ClosedRange<Int>? {
    switch self {
    case .bool: 0...1
    case .u8: 0...Int(UInt8.max)
    case .i8: Int(Int8.min)...Int(Int8.max)
    case .u16: 0...Int(UInt16.max)
    case .i16: Int(Int16.min)...Int(Int16.max)
    case .u32: 0...Int(UInt32.max)
    case .i32: Int(Int32.min)...Int(Int32.max)
    case .u64: 0...Int.max
    case .i64: Int.min...Int.max
    default: nil
    }
  }

  @inline(__always)
  private func encode<Value, Stored: FixedWidthInteger & BitwiseCopyable>(
    _ values: Span<Value>, _ narrow: (Value) -> Stored
  ) -> [UInt8] {
    let size = MemoryLayout<Stored>.size
    return unsafe [UInt8](unsafeUninitializedCapacity: values.count * size) { buffer, initialized in
      let target = UnsafeMutableRawBufferPointer(buffer)
      unsafe values.withUnsafeBufferPointer { values in
        for index in 0..<values.count {
          unsafe target.storeBytes(
            of: narrow(values[index]), toByteOffset: index * size, as: Stored.self)
        }
      }
      initialized = values.count * size
    }
  }
}
