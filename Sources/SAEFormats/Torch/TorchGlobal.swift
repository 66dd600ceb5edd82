/// The names that a pickle may mention. None is ever called: each stands for a record of ours.
enum TorchGlobal: Sendable {
  case orderedDictionary
  case tensor
  case olderTensor
  case parameter
  case size
  case device
  case elementType(ElementType)
  case storage(ElementType)

  /// The name as a pickle has it, module and name, compared as a whole.
  init?(module: String, name: String) {
    switch (module, name) {
    case ("collections", "OrderedDict"): self = .orderedDictionary
    case ("torch._utils", "_rebuild_tensor_v2"): self = .tensor
    case ("torch._utils", "_rebuild_tensor"): self = .olderTensor
    case ("torch._utils", "_rebuild_parameter"): self = .parameter
    case ("torch", "Size"): self = .size
    case ("torch", "device"): self = .device
    case ("torch", let name):
      if let type = TorchGlobal.types[name] {
        self = .elementType(type)
      } else if let type = TorchGlobal.storages[name] {
        self = .storage(type)
      } else {
        return nil
      }
    default: return nil
    }
  }

  /// The name, for messages.
  var description: String {
    switch self {
    case .orderedDictionary: "OrderedDict"
    case .tensor: "_rebuild_tensor_v2"
    case .olderTensor: "_rebuild_tensor"
    case .parameter: "_rebuild_parameter"
    case .size: "Size"
    case .device: "device"
    case .elementType(let type): "the type \(type)"
    case .storage(let type): "a storage of \(type)"
    }
  }

  private static let types: [String: ElementType] = [
    "float32": .f32, "float64": .f64, "float16": .f16, "bfloat16": .bf16, "int64": .i64,
    "int32": .i32, "int16": .i16, "int8": .i8, "uint8": .u8, "bool": .bool,
  ]

  private static let storages: [String: ElementType] = [
    "FloatStorage": .f32, "DoubleStorage": .f64, "HalfStorage": .f16, "BFloat16Storage": .bf16,
    "LongStorage": .i64, "IntStorage": .i32, "ShortStorage": .i16, "CharStorage": .i8,
    "ByteStorage": .u8, "BoolStorage": .bool,
  ]
}
