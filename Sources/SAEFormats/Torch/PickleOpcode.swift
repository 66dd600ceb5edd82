/// The instructions of a pickle that dictionaries of tensors need.
///
/// Source: Python's `pickletools`, protocol 2.
enum PickleOpcode: UInt8 {
  case proto = 0x80
  case stop = 0x2E
  case mark = 0x28
  case emptyTuple = 0x29
  case emptyList = 0x5D
  case emptyDictionary = 0x7D
  case tuple = 0x74
  case tuple1 = 0x85
  case tuple2 = 0x86
  case tuple3 = 0x87
  case append = 0x61
  case appends = 0x65
  case setItem = 0x73
  case setItems = 0x75
  case text = 0x58
  case shortText = 0x55
  case integer = 0x4A
  case byte = 0x4B
  case short = 0x4D
  case long = 0x8A
  case float = 0x47
  case none = 0x4E
  case yes = 0x88
  case no = 0x89
  case put = 0x71
  case longPut = 0x72
  case get = 0x68
  case longGet = 0x6A
  case global = 0x63
  case persistent = 0x51
  case reduce = 0x52
  case build = 0x62

  /// The name of an instruction outside of these, and what it stands for.
  static func name(ofOther code: UInt8) -> String {
    let names: [UInt8: String] = [
      0x81: "NEWOBJ, of a whole object", 0x92: "NEWOBJ_EX, of a whole object",
      0x8C: "SHORT_BINUNICODE, of protocol 4", 0x94: "MEMOIZE, of protocol 4",
      0x95: "FRAME, of protocol 4", 0x93: "STACK_GLOBAL, of protocol 4",
      0x8D: "BINUNICODE8, of protocol 4", 0x8E: "BINBYTES8, of protocol 4",
      0x8F: "EMPTY_SET, of protocol 4", 0x90: "ADDITEMS, of protocol 4",
      0x91: "FROZENSET, of protocol 4", 0x96: "BYTEARRAY8, of protocol 5",
      0x97: "NEXT_BUFFER, of protocol 5", 0x98: "READONLY_BUFFER, of protocol 5",
      0x69: "INST, of a whole object", 0x6F: "OBJ, of a whole object", 0x50: "PERSID",
      0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4", 0x30: "POP", 0x31: "POP_MARK", 0x32: "DUP",
      0x8B: "LONG4", 0x42: "BINBYTES", 0x43: "SHORT_BINBYTES", 0x54: "BINSTRING",
      0x49: "INT, of protocol 0", 0x4C: "LONG, of protocol 0", 0x46: "FLOAT, of protocol 0",
      0x53: "STRING, of protocol 0", 0x56: "UNICODE, of protocol 0", 0x6C: "LIST, of protocol 0",
      0x64: "DICT, of protocol 0", 0x67: "GET, of protocol 0", 0x70: "PUT, of protocol 0",
    ]
    let code16 = String(code, radix: 16)
    return "\(names[code] ?? "an unknown instruction") (0x\(code < 16 ? "0" : "")\(code16))"
  }
}
