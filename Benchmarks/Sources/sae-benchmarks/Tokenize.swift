import ArgumentParser
import Foundation
import SAECore
import SAEModels

/// Documents that a tokenizer takes apart, on all threads.
struct TokenizeSubject {
  private let tokenizer: Tokenizer
  private let texts: [String]
  /// Bytes of all texts.
  let bytes: Int
  private(set) var tokens = 0

  /// - Parameters:
  ///   - tokens: a file of tokens that are decoded into documents.
  ///   - separator: the token that ends each.
  init(model: String, tokens: String, separator: UInt32 = 2) throws {
    let tokenizer = try Tokenizer(model)
    let stream = try TokenStream(npy: tokens)
    texts = try stream.tokens(0..<stream.count).split(separator: separator).map {
      try tokenizer.decode($0)
    }
    bytes = texts.reduce(0) { $0 + $1.utf8.count }
    self.tokenizer = tokenizer
  }

  mutating func measure() -> Double {
    var ids: [[UInt32]] = []
    let time = seconds { ids = tokenizer.ids(of: texts) }
    tokens = ids.reduce(0) { $0 + $1.count }
    return time
  }
}

struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize", abstract: "Tokens per second of a tokenizer.")

  @Option(help: "A model's directory.") var model = LabFiles.model
  @Option(help: "A NumPy file of tokens that are decoded into texts.") var tokens = LabFiles.tokens
  @Option(help: "Rounds; the median counts.") var rounds = 7

  func run() throws {
    var subject = try TokenizeSubject(model: model, tokens: tokens)
    let first = subject.measure()
    let time = median((0..<rounds).map { _ in subject.measure() })
    printTable([
      ["tokenize", "tokens/s", "MB/s", "first round MB/s"],
      [
        "\(Threads.count) threads", short(Double(subject.tokens) / time),
        short(Double(subject.bytes) / time / 1e6), short(Double(subject.bytes) / first / 1e6),
      ],
    ])
  }
}
