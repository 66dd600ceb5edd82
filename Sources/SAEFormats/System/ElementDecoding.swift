#if _endian(big)
  #error("files are little-endian, and so must the machine be")
#endif

import SAEKernels
import SAETensor

/// Elements of a file as numbers, without a check per element.
///
/// Sizes are checked once, at the top of each function.
extension RawSpan {
  /// Widens elements to float32 (F64 and long whole numbers are rounded to nearest).
  ///
  /// The span holds a whole number of elements of that type; `bigEndian` says that each one's bytes
  /// are stored in reverse. The target receives them from `start` on.
  ///
  /// - Precondition: the target has room.
  func decode(
    _ type: ElementType, bigEndian: Bool = false, into target: inout MutableSpan<Float>,
    at start: Int = 0
  ) {
    let count = byteCount / type.size
    precondition(start >= 0 && count <= target.count - start, "no room for \(count) elements")
    // The closures return something: where the copy comes last in one that may throw, the compiler makes a
    // jump of it that loses the register in which errors are returned.
    _ = unsafe withUnsafeBytes { source in
      unsafe target.withUnsafeMutableBufferPointer { target -> Int in
        guard let from = source.baseAddress, count > 0 else { return 0 }
        let room = unsafe UnsafeMutableBufferPointer(rebasing: target[start...])
        if type == .f32 && !bigEndian {
          unsafe UnsafeMutableRawBufferPointer(room).copyMemory(from: source)
        } else if !bigEndian, let widen = unsafe type.widening,
          let halves = unsafe source.halves, let target = room.baseAddress
        {
          unsafe widen(count, halves, target)
        } else {
          unsafe RawElements(from, type, count, bigEndian).decode(room)
        }
        return count
      }
    }
  }

  /// The same in double precision.
  func decode(
    _ type: ElementType, bigEndian: Bool = false, into target: inout MutableSpan<Double>
  ) {
    let count = byteCount / type.size
    precondition(count <= target.count, "no room for \(count) elements")
    unsafe withUnsafeBytes { source in
      unsafe target.withUnsafeMutableBufferPointer { target in
        guard let from = source.baseAddress else { return }
        unsafe RawElements(from, type, count, bigEndian).decode(target)
      }
    }
  }

  /// Whole numbers as they are.
  ///
  /// - Precondition: the type is one of whole numbers.
  /// - Returns: nil if one of them does not fit an `Int`.
  func decodeIntegers(_ type: ElementType, bigEndian: Bool = false) -> [Int]? {
    precondition(type.isInteger, "\(type) is not a type of whole numbers")
    let count = byteCount / type.size
    guard count > 0 else { return [] }
    return unsafe withUnsafeBytes { source -> [Int]? in
      guard let from = source.baseAddress else { return [] }
      return unsafe RawElements(from, type, count, bigEndian).integers()
    }
  }
}

extension ElementType {
  /// The kernel for a type of half precision; nil for others.
  fileprivate var widening:
    (@Sendable (Int, UnsafePointer<UInt16>, UnsafeMutablePointer<Float>) -> Void)?
  {
    switch self {
    case .f16: unsafe Kernels.table.widenHalf
    case .bf16: unsafe Kernels.table.widenBrain
    default: nil
    }
  }
}

extension UnsafeRawBufferPointer {
  /// The bytes as numbers of 16 bits; nil where they do not lie at an even address.
  fileprivate var halves: UnsafePointer<UInt16>? {
    guard let base = baseAddress, UInt(bitPattern: base) % 2 == 0 else { return nil }
    return unsafe base.assumingMemoryBound(to: UInt16.self)
  }
}

/// Elements of one type in memory, aligned or not. The caller has checked their extent.
@safe
private struct RawElements {
  let base: UnsafeRawPointer
  let type: ElementType
  let count: Int
  let bigEndian: Bool

  init(_ base: UnsafeRawPointer, _ type: ElementType, _ count: Int, _ bigEndian: Bool) {
    unsafe self.base = base
    self.type = type
    self.count = count
    self.bigEndian = bigEndian
  }

  @inline(__always)
  private func stored<Stored: BitwiseCopyable>(_ index: Int, _: Stored.Type) -> Stored {
    unsafe base.loadUnaligned(
      fromByteOffset: index * MemoryLayout<Stored>.size, as: Stored.self)
  }

  @inline(__always)
  private func map<Stored: FixedWidthInteger & BitwiseCopyable, Value>(
    _ target: UnsafeMutableBufferPointer<Value>, _ widen: (Stored) -> Value
  ) {
    guard let target = target.baseAddress else { return }
    if bigEndian {
      for index in 0..<count {
        unsafe target[index] = widen(stored(index, Stored.self).byteSwapped)
      }
    } else {
      for index in 0..<count { unsafe target[index] = widen(stored(index, Stored.self)) }
    }
  }

  @inline(__always)
  func decode<Value: BinaryFloatingPoint>(_ target: UnsafeMutableBufferPointer<Value>) {
    switch type {
    case .bool, .u8: unsafe map(target) { (stored: UInt8) in Value(stored) }
    case .i8: unsafe map(target) { (stored: Int8) in Value(stored) }
    case .u16: unsafe map(target) { (stored: UInt16) in Value(stored) }
    case .i16: unsafe map(target) { (stored: Int16) in Value(stored) }
    case .u32: unsafe map(target) { (stored: UInt32) in Value(stored) }
    case .i32: unsafe map(target) { (stored: Int32) in Value(stored) }
    case .u64: unsafe map(target) { (stored: UInt64) in Value(stored) }
    case .i64: unsafe map(target) { (stored: Int64) in Value(stored) }
    case .f8E5M2: unsafe map(target) { Value(HalfPrecisionBits.widen(e5m2: $0)) }
    case .f8E4M3: unsafe map(target) { Value(HalfPrecisionBits.widen(e4m3: $0)) }
    case .f16: unsafe map(target) { Value(HalfPrecisionBits.widen(f16: $0)) }
    case .bf16: unsafe map(target) { Value(HalfPrecisionBits.widen(bf16: $0)) }
    case .f32: unsafe map(target) { Value(Float(bitPattern: $0)) }
    case .f64: unsafe map(target) { Value(Double(bitPattern: $0)) }
    }
  }

  func integers() -> [Int]? {
    if type == .u64 {
      for index in 0..<count {
        let number = stored(index, UInt64.self)
        if Int(exactly: bigEndian ? number.byteSwapped : number) == nil { return nil }
      }
    }
    return unsafe [Int](unsafeUninitializedCapacity: count) { target, initialized in
      switch type {
      case .bool, .u8: unsafe map(target) { (stored: UInt8) in Int(stored) }
      case .i8: unsafe map(target) { (stored: Int8) in Int(stored) }
      case .u16: unsafe map(target) { (stored: UInt16) in Int(stored) }
      case .i16: unsafe map(target) { (stored: Int16) in Int(stored) }
      case .u32: unsafe map(target) { (stored: UInt32) in Int(stored) }
      case .i32: unsafe map(target) { (stored: Int32) in Int(stored) }
      case .u64: unsafe map(target) { (stored: UInt64) in Int(stored) }
      case .i64: unsafe map(target) { (stored: Int64) in Int(stored) }
      case .f8E5M2, .f8E4M3, .f16, .bf16, .f32, .f64: preconditionFailure("not whole numbers")
      }
      initialized = count
    }
  }
}
