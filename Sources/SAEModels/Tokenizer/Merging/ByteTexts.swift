/// Texts by number and numbers by text, compared byte by byte: two spellings of an accented letter are
/// two texts.
struct ByteTexts: Sendable {
  private var bytes: [UInt8] = []
  /// Where each text ends.
  private var ends: [Int] = [0]
  /// Numbers plus one, by hash.
  private var slots: [UInt32] = [UInt32](repeating: 0, count: 1 << 6)

  /// Texts.
  var count: Int { ends.count - 1 }

  /// The bytes of a text.
  subscript(number: Int) -> ArraySlice<UInt8> { bytes[ends[number]..<ends[number + 1]] }

  /// Adds a text, unless it is there.
  ///
  /// - Returns: its number, and whether it is new.
  mutating func insert(_ text: some Collection<UInt8>) -> (number: Int, isNew: Bool) {
    if let number = find(text) { return (number, false) }
    bytes.append(contentsOf: text)
    ends.append(bytes.count)
    if 2 * ends.count > slots.count {
      slots = [UInt32](repeating: 0, count: 2 * slots.count)
      for number in 0..<count { place(number) }
    } else {
      place(count - 1)
    }
    return (count - 1, true)
  }

  private mutating func place(_ number: Int) {
    var slot = hash(self[number])
    while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
    slots[slot] = UInt32(truncatingIfNeeded: number + 1)
  }

  /// The number of a text; nil if it is not there.
  func find(_ text: some Collection<UInt8>) -> Int? {
    var slot = hash(text)
    while slots[slot] != 0 {
      let number = Int(slots[slot]) - 1
      if self[number].elementsEqual(text) { return number }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  private func hash(_ text: some Collection<UInt8>) -> Int {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in text { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return Int(truncatingIfNeeded: hash ^ hash >> 29) & (slots.count - 1)
  }
}
