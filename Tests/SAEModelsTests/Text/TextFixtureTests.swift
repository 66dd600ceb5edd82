import Foundation
import SAECore
import SAEModels
import SAETestSupport
import Testing

/// Files of texts as Apache Arrow's own library writes them.
@Suite struct TextFixtureTests {
  private struct Expected: Decodable {
    let file: String
    let texts: [String?]?
    let error: String?
  }

  static func folders() throws -> [String] {
    try Fixtures.folders(in: "texts", holding: "expected.json")
  }

  @Test(arguments: try folders()) func texts(_ folder: String) throws {
    print("texts \(URL(fileURLWithPath: folder).lastPathComponent)")
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/expected.json"))
    let expected = try JSONDecoder().decode(Expected.self, from: data)
    let corpus = try TextCorpus(["\(folder)/\(expected.file)"])
    if let words = expected.error {
      let error = try #require(throws: FileError.self) { try all(corpus) }
      #expect(error.description.contains(words) && error.description.contains(expected.file))
      return
    }
    let texts = try #require(expected.texts).compactMap { $0 }.filter { !$0.isEmpty }
    #expect(try all(corpus) == texts.map { Array($0.utf8) })
  }

  /// However much of a file is missing, and whatever one of its bytes becomes, nothing but typed errors
  /// comes of it.
  @Test(arguments: try folders()) func damage(_ folder: String) throws {
    let scratch = try ScratchDirectory()
    for name in try FileManager.default.contentsOfDirectory(atPath: folder)
    where name.hasPrefix("corpus.") {
      let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
      let path = scratch.file(name)
      func read(_ damaged: some Collection<UInt8>) throws {
        try Data(damaged).write(to: URL(fileURLWithPath: path))
        do { _ = try all(TextCorpus([path])) } catch is FileError {}
      }
      var random = SystemIndependentRandom(seed: 7)
      for _ in 0..<40 {
        let length = Int(random.next() % UInt64(bytes.count))
        try Data(bytes[..<length]).write(to: URL(fileURLWithPath: path))
        if name.hasSuffix(".parquet") {
          #expect(throws: FileError.self) { try all(TextCorpus([path])) }
        } else {
          try read(bytes[..<length])
        }
        var changed = bytes
        changed[Int(random.next() % UInt64(bytes.count))] ^= UInt8(1 << (random.next() & 7))
        try read(changed)
      }
    }
  }

  private func all(_ corpus: TextCorpus) throws -> [[UInt8]] {
    var texts: [[UInt8]] = []
    try corpus.forEachDocument { document, _ in
      texts.append(document.bytes)
      return true
    }
    return texts
  }
}

/// The same numbers on every system (Steele, Lea and Flood 2014: SplitMix64).
private struct SystemIndependentRandom {
  var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }
}
