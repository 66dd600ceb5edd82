/// What `torch.save` wrote: tensors, and the plain values around them.
public indirect enum TorchValue: Sendable {
  /// Python's `None`.
  case none
  /// True or false.
  case boolean(Bool)
  /// A whole number of 64 bits.
  case integer(Int)
  /// A float of 64 bits.
  case number(Double)
  /// Text; devices too ("cuda:0").
  case text(String)
  /// A list, a tuple or a size.
  case list([TorchValue])
  /// A dictionary, ordered or not, in the order of the file.
  case dictionary([(key: Key, value: TorchValue)])
  /// The name of a type of elements.
  case elementType(ElementType)
  /// A tensor; its name is the keys that lead to it, with a slash between them.
  case tensor(StoredTensor)

  /// A key of a dictionary.
  public enum Key: Sendable, Hashable, CustomStringConvertible {
    /// A name.
    case text(String)
    /// A number, as in the states of optimizers.
    case integer(Int)

    public var description: String {
      switch self {
      case .text(let text): text
      case .integer(let number): String(number)
      }
    }
  }

  /// The value of a name in a dictionary; nil where there is none.
  public subscript(_ name: String) -> TorchValue? {
    guard case .dictionary(let entries) = self else { return nil }
    return entries.first { $0.key == .text(name) }?.value
  }

  /// All tensors in it, in the order of the file.
  public var tensors: [StoredTensor] {
    switch self {
    case .tensor(let tensor): [tensor]
    case .list(let values): values.flatMap(\.tensors)
    case .dictionary(let entries): entries.flatMap(\.value.tensors)
    case .none, .boolean, .integer, .number, .text, .elementType: []
    }
  }
}
