/// How examples of a latent are shown to a judge.
public struct ExampleRendering: Sendable {
  /// What stands around an active token.
  public var marks = ("<<", ">>")
  /// Share of an example's own largest activation from which on a token is marked.
  public var threshold = 0.3
  /// The text of a token id.
  public let text: @Sendable (Int) -> String

  /// Renders tokens with `text`, which gives a token's characters.
  public init(text: @escaping @Sendable (Int) -> String) { self.text = text }

  /// Positions in the example that are marked: activation of at least ``threshold`` times the
  /// example's largest, and above 0.
  public static func marked(_ activations: [Float], threshold: Double) -> [Int] {
    guard let largest = activations.max(), largest > 0 else { return [] }
    return activations.indices.filter {
      activations[$0] > 0 && Double(activations[$0]) >= threshold * Double(largest)
    }
  }

  /// Activations as whole numbers 0 to 10: ⌈10 z / largest⌉, the largest of all examples.
  public static func labels(_ examples: [[Float]]) -> [[Int]] {
    let largest = Double(examples.joined().max() ?? 0)
    return examples.map { activations in
      activations.map {
        largest > 0 && $0 > 0 ? Int((10 * Double($0) / largest).rounded(.up)) : 0
      }
    }
  }

  /// How many tokens to mark in an example that is not active: the mean number of tokens that are
  /// not 0 in the active ones, rounded up; nil without active ones.
  package static func wrongMarkCount(_ active: [[Float]]) -> Int? {
    mean(active.map { Double($0.count { $0 != 0 }) }).map { Int($0.rounded(.up)) }
  }

  /// The example as one line.
  ///
  /// - Parameters:
  ///   - tokens: token ids.
  ///   - marked: positions to mark; neighbors share a pair of marks.
  /// - Returns: the text, line breaks shown as ⏎.
  public func line(_ tokens: [Int], marked: Set<Int> = []) -> String {
    var line = ""
    for (index, token) in tokens.enumerated() {
      if marked.contains(index), !marked.contains(index - 1) { line += marks.0 }
      line += text(token)
      if marked.contains(index), !marked.contains(index + 1) { line += marks.1 }
    }
    return line.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "⏎")
  }
}

/// The requests for explaining a latent and for judging an explanation.
public enum JudgeRequests {
  /// Asks what the marked tokens of examples have in common.
  ///
  /// - Parameters:
  ///   - examples: strongest first.
  ///   - rendering: how they are shown.
  /// - Returns: the request.
  public static func explanation(
    _ examples: [LatentExamples.Example], _ rendering: ExampleRendering
  ) -> String {
    let labels = ExampleRendering.labels(examples.map(\.activations))
    var lines = [
      "The tokens between \(rendering.marks.0) and \(rendering.marks.1) in the following texts "
        + "activate one feature of a language model; the numbers say how much, from 0 to 10.",
      "State in one short phrase what they have in common. Do not list words.", "",
    ]
    for (index, example) in examples.enumerated() {
      let marked = Set(
        ExampleRendering.marked(example.activations, threshold: rendering.threshold))
      let strengths = marked.sorted().map {
        "\(rendering.text(example.tokens[$0])): \(labels[index][$0])"
      }
      lines.append("\(index + 1). \(rendering.line(example.tokens, marked: marked))")
      lines.append("   (\(strengths.joined(separator: ", ")))")
    }
    return lines.joined(separator: "\n")
  }

  /// Asks for each numbered text whether it fits an explanation.
  public static func detection(explanation: String, texts: [String]) -> String {
    judgment(
      "A feature of a language model is described as: \(explanation)",
      "For each text, say whether the feature is active in it.", texts)
  }

  /// Asks for each numbered text whether all of its marked tokens fit an explanation.
  package static func fuzzing(
    explanation: String, texts: [String], _ rendering: ExampleRendering
  ) -> String {
    judgment(
      "A feature of a language model is described as: \(explanation)",
      "For each text, say whether every token between \(rendering.marks.0) and "
        + "\(rendering.marks.1) fits the description.", texts)
  }

  private static func judgment(_ subject: String, _ question: String, _ texts: [String]) -> String {
    let form =
      "Answer with a list of \(texts.count) numbers, 1 for yes and 0 for no, such as [1, 0]."
    return
      ([subject, question, form, ""] + texts.enumerated().map { "\($0.offset + 1). \($0.element)" })
      .joined(separator: "\n")
  }

  /// Reads a list of 0 and 1 from an answer: the last pair of brackets that holds `count` of them.
  ///
  /// - Returns: nil if there is none: the answer cannot be read.
  public static func parse(_ answer: String, count: Int) -> [Bool]? {
    var found: [Bool]?
    for part in answer.split(separator: "[", omittingEmptySubsequences: false).dropFirst() {
      guard let end = part.firstIndex(of: "]") else { continue }
      let items = part[..<end].split(separator: ",", omittingEmptySubsequences: false)
      let values = items.map { item in item.filter { !$0.isWhitespace } }
      guard values.count == count, values.allSatisfy({ $0 == "0" || $0 == "1" }) else { continue }
      found = values.map { $0 == "1" }
    }
    return found
  }
}
