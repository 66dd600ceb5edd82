/// A text on its way to the model, in UTF-8, and where asked for the place in the original that each
/// of its bytes comes from.
struct AlignedText {
  /// Scalars of the original text.
  struct Place: Equatable {
    var begin: UInt32
    var end: UInt32
  }

  private(set) var bytes: [UInt8] = []
  /// One for each byte; nil where nobody asks.
  private(set) var places: [Place]?

  /// A part of an original text as it is.
  ///
  /// - Parameter first: the number of its first scalar; nil where nobody asks for places.
  init(_ bytes: ArraySlice<UInt8>, from first: Int?) {
    self.bytes = Array(bytes)
    guard let first else { return }
    var places: [Place] = []
    places.reserveCapacity(bytes.count)
    var scalar = UInt32(truncatingIfNeeded: first)
    for byte in bytes {
      if byte & 0xC0 == 0x80, let last = places.last {
        places.append(last)
      } else {
        places.append(Place(begin: scalar, end: scalar &+ 1))
        scalar &+= 1
      }
    }
    self.places = places
  }

  /// An empty text that is to be filled.
  init(like other: AlignedText) {
    if other.places != nil { places = [] }
    bytes.reserveCapacity(other.bytes.count + other.bytes.count / 8)
    places?.reserveCapacity(other.bytes.count + other.bytes.count / 8)
  }

  var count: Int { bytes.count }

  /// Appends a part of another text.
  mutating func append(_ range: Range<Int>, of other: AlignedText) {
    bytes.append(contentsOf: other.bytes[range])
    if let from = other.places { places?.append(contentsOf: from[range]) }
  }

  /// Appends bytes that come from where a byte of another text does; from nowhere without one.
  mutating func append(_ more: some Collection<UInt8>, from byte: Int?, of other: AlignedText) {
    bytes.append(contentsOf: more)
    guard let from = other.places else { return }
    let place = byte.map { from[$0] } ?? Place(begin: 0, end: 0)
    places?.append(contentsOf: repeatElement(place, count: more.count))
  }

  /// The place of a range of bytes, which is not empty.
  func place(_ range: Range<Int>) -> Range<Int> {
    guard let places, !range.isEmpty, range.upperBound <= places.count else { return 0..<0 }
    let begin = Int(places[range.lowerBound].begin)
    return begin..<max(begin, Int(places[range.upperBound - 1].end))
  }
}
