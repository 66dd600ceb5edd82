import SAECore

/// The lines of a mapped file, one after another, without their ends.
struct TextLines {
  private let contents: FileBytes
  /// Where the next line begins.
  private(set) var position: Int
  /// The number of the last line that was read, from 1.
  private(set) var line = 0
  private var released = 0

  /// Parts that have been read are given back in pieces of this size.
  private static let piece = 1 << 22

  init(_ contents: FileBytes) {
    self.contents = contents
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let hasMark = contents.count >= 3 && contents.bytes.array(0..<3) == mark
    position = hasMark ? 3 : 0
  }

  /// The bytes of the next line; nil after the last.
  mutating func next() -> [UInt8]? {
    guard position < contents.count else { return nil }
    let contents = contents
    let end =
      contents.bytes.firstIndex(of: UInt8(ascii: "\n"), in: position..<contents.count)
      ?? contents.count
    var line = contents.bytes.array(position..<end)
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    position = min(end + 1, contents.count)
    self.line += 1
    if position - released >= TextLines.piece {
      contents.release(released..<position)
      released = position
    }
    return line
  }

  /// Throws unless bytes are UTF-8.
  static func check(_ bytes: [UInt8], _ file: String, line: Int) throws(FileError) {
    guard String(validating: bytes, as: UTF8.self) == nil else { return }
    throw .malformedLine(
      file: file, line: line, expected: "UTF-8", found: "bytes that are not")
  }
}
