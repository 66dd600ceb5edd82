/// How one element of a tensor is stored in a file, named as safetensors names it.
public enum ElementType: String, Sendable, CaseIterable {
  // In the order of the format's own list; the writer sorts by it.
  /// A byte that is 0 or 1.
  case bool = "BOOL"
  /// Unsigned integer of 8 bits.
  case u8 = "U8"
  /// Signed integer of 8 bits.
  case i8 = "I8"
  /// Eight bits: sign, 5 of exponent, 2 of mantissa. Read, not written from floats.
  case f8E5M2 = "F8_E5M2"
  /// Eight bits: sign, 4 of exponent, 3 of mantissa; no infinity. Read, not written from floats.
  case f8E4M3 = "F8_E4M3"
  /// Signed integer of 16 bits.
  case i16 = "I16"
  /// Unsigned integer of 16 bits.
  case u16 = "U16"
  /// IEEE half precision.
  case f16 = "F16"
  /// The upper half of a float32.
  case bf16 = "BF16"
  /// Signed integer of 32 bits.
  case i32 = "I32"
  /// Unsigned integer of 32 bits.
  case u32 = "U32"
  /// IEEE single precision.
  case f32 = "F32"
  /// IEEE double precision.
  case f64 = "F64"
  /// Signed integer of 64 bits.
  case i64 = "I64"
  /// Unsigned integer of 64 bits.
  case u64 = "U64"

  /// Bytes of one element.
  public var size: Int {
    switch self {
    case .bool, .u8, .i8, .f8E5M2, .f8E4M3: 1
    case .i16, .u16, .f16, .bf16: 2
    case .i32, .u32, .f32: 4
    case .f64, .i64, .u64: 8
    }
  }

  /// Whether elements are whole numbers (or Booleans, which count as 0 and 1).
  public var isInteger: Bool {
    switch self {
    case .bool, .u8, .i8, .i16, .u16, .i32, .u32, .i64, .u64: true
    case .f8E5M2, .f8E4M3, .f16, .bf16, .f32, .f64: false
    }
  }

  /// Place in the order by which safetensors files are sorted: wide elements last here, first there.
  var rank: Int { ElementType.allCases.firstIndex(of: self) ?? 0 }
}

extension ElementType: CustomStringConvertible {
  public var description: String { rawValue }
}
