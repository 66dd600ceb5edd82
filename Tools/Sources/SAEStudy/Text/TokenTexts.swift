import Foundation
import SAECore

/// The text of token ids, from a model's `tokenizer.json`.
///
/// Knows the two ways in which vocabularies spell bytes: byte-level BPE, in which every byte has a
/// printable letter (GPT-2), and SentencePiece's, in which ▁ is a space and <0x0A> a byte.
public struct TokenTexts: Sendable {
  /// The bytes of each id; none for ids that the vocabulary leaves out.
  private let bytes: [[UInt8]?]
  /// Ids that are no text: beginnings, ends, padding.
  public let special: Set<Int>

  /// Reads a file.
  ///
  /// - Throws: ``StudyError`` naming file and field if it is no tokenizer of a known kind.
  public init(file: String) throws(StudyError) {
    guard let data = FileManager.default.contents(atPath: file) else {
      throw StudyError(file, expected: "a tokenizer", found: "a file that cannot be read")
    }
    guard let root = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] else {
      let found = TensorFile.contents(of: file)
      throw StudyError(
        file, expected: "a tokenizer, which is a JSON object",
        found: found == "JSON text" ? "JSON text that is another or has an error" : found)
    }
    guard let model = root["model"] as? [String: Any],
      let vocabulary = model["vocab"] as? [String: Any]
    else {
      throw StudyError(file, expected: "\"model.vocab\", an object of ids", found: "none")
    }
    let added = (root["added_tokens"] as? [[String: Any]]) ?? []
    // An id far beyond the number of entries would take memory that the file does not justify.
    let limit = 2 * (vocabulary.count + added.count) + 1024
    func id(_ value: Any?, _ name: String) throws(StudyError) -> Int {
      guard let number = value as? Int, number >= 0, number < limit else {
        throw StudyError(
          "\(file): \"\(name)\"", expected: "an id from 0 to \(limit - 1)",
          found: value.map { "\($0)" } ?? "none")
      }
      return number
    }
    let isByteLevel = TokenTexts.mentions("ByteLevel", root["decoder"])
    let alphabet = TokenTexts.byteAlphabet
    var table: [[UInt8]?] = []
    func set(_ id: Int, _ bytes: [UInt8]) {
      while table.count <= id { table.append(nil) }
      table[id] = bytes
    }
    for (token, value) in vocabulary {
      let spelled =
        isByteLevel
        ? TokenTexts.byteLevel(token, alphabet) : TokenTexts.sentencePiece(token)
      set(try id(value, token), spelled)
    }
    var special: Set<Int> = []
    for entry in added {
      let content = entry["content"] as? String ?? ""
      let number = try id(entry["id"], content)
      set(number, Array(content.utf8))
      if entry["special"] as? Bool == true { special.insert(number) }
    }
    bytes = table
    self.special = special
  }

  /// Ids from 0 to below this may have a text.
  public var count: Int { bytes.count }

  /// The text of one id; bytes that are no whole character alone are �.
  public func text(_ id: Int) -> String {
    guard bytes.indices.contains(id), let own = bytes[id] else { return "[\(id)]" }
    return String(decoding: own, as: UTF8.self)
  }

  /// The texts of a run of ids, which together are the run's text: a character that several ids make
  /// up is shown by the last of them.
  public func texts(_ ids: [Int]) -> [String] {
    var texts: [String] = []
    var pending: [UInt8] = []
    for (index, id) in ids.enumerated() {
      guard bytes.indices.contains(id), let own = bytes[id] else {
        texts.append(String(decoding: pending, as: UTF8.self) + "[\(id)]")
        pending = []
        continue
      }
      pending += own
      let whole = index == ids.count - 1 ? pending.count : TokenTexts.wholeCharacters(pending)
      texts.append(String(decoding: pending[..<whole], as: UTF8.self))
      pending.removeFirst(whole)
    }
    return texts
  }

  /// How many of some bytes come before a character that is not complete.
  private static func wholeCharacters(_ bytes: [UInt8]) -> Int {
    // A character has four bytes at most.
    for back in 1...3 where back <= bytes.count {
      let byte = bytes[bytes.count - back]
      if byte & 0b1100_0000 == 0b1000_0000 { continue }
      let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
      return length > back ? bytes.count - back : bytes.count
    }
    return bytes.count
  }

  private static func mentions(_ type: String, _ value: Any?) -> Bool {
    guard let object = value as? [String: Any] else { return false }
    if object["type"] as? String == type { return true }
    let parts = (object["decoders"] as? [Any]) ?? []
    return parts.contains { mentions(type, $0) }
  }

  /// The letter of each byte in byte-level BPE: itself where it is printable in Latin-1, the others
  /// one after another from U+0100 on.
  private static var byteAlphabet: [Unicode.Scalar: UInt8] {
    var letters: [Unicode.Scalar: UInt8] = [:]
    var next: UInt32 = 256
    for byte in UInt8.min...UInt8.max {
      let isPrintable = (33...126).contains(byte) || (161...172).contains(byte) || byte >= 174
      if isPrintable {
        letters[Unicode.Scalar(byte)] = byte
      } else if let letter = Unicode.Scalar(next) {
        letters[letter] = byte
        next += 1
      }
    }
    return letters
  }

  private static func byteLevel(
    _ token: String, _ alphabet: [Unicode.Scalar: UInt8]
  ) -> [UInt8] {
    token.unicodeScalars.flatMap { scalar -> [UInt8] in
      alphabet[scalar].map { [$0] } ?? Array(String(scalar).utf8)
    }
  }

  private static func sentencePiece(_ token: String) -> [UInt8] {
    if token.hasPrefix("<0x"), token.hasSuffix(">"), token.count == 6,
      let byte = UInt8(token.dropFirst(3).dropLast(), radix: 16)
    {
      return [byte]
    }
    return Array(token.replacingOccurrences(of: "▁", with: " ").utf8)
  }
}
