public import SAECore

/// Which tokens count, and which context each of them is of: for the tokens of a batch, or for all
/// tokens of a source.
///
/// Tokens that do not count are skipped, whatever they hold. A list of Booleans is a mask: `[true, false]`.
public struct TokenMask: Sendable, Equatable, ExpressibleByArrayLiteral {
  /// For each token whether it counts; nil where all do.
  public let counts: [Bool]?
  /// For each token the number of its context, such as a document or a prompt, never descending; nil
  /// where contexts are not known.
  public let contexts: [Int]?

  /// All tokens count, whatever their number; contexts are not known.
  public static let all = TokenMask(nil)

  /// - Parameters:
  ///   - counts: for each token whether it counts; nil where all do.
  ///   - contexts: for each token the number of its context, never descending, also from one batch to
  ///     the next; nil where contexts are not known.
  public init(_ counts: [Bool]? = nil, contexts: [Int]? = nil) {
    self.counts = counts
    self.contexts = contexts
  }

  /// A mask without contexts.
  public init(arrayLiteral counts: Bool...) { self.init(counts) }

  /// The mask of some of the tokens.
  ///
  /// - Precondition: there are such tokens, where the mask says something of each.
  public subscript(tokens: Range<Int>) -> TokenMask {
    TokenMask(counts.map { Array($0[tokens]) }, contexts: contexts.map { Array($0[tokens]) })
  }

  /// The tokens that count, ascending.
  ///
  /// - Parameter tokens: how many tokens there are.
  /// - Throws: `ShapeError` if the mask, or its contexts, are of another number of tokens.
  public func rows(of tokens: Int) throws(ShapeError) -> [UInt32] {
    if let contexts {
      try ShapeError.check("contexts", "tokens", expected: tokens, found: contexts.count)
    }
    guard let counts else { return (0..<UInt32(tokens)).map { $0 } }
    try ShapeError.check("mask", "tokens", expected: tokens, found: counts.count)
    return counts.indices.filter { counts[$0] }.map { UInt32($0) }
  }

  /// Throws where the number of a context is less than that of the token before.
  ///
  /// - Parameter last: the context of the token before the first.
  func checkAscending(after last: Int?) throws(ShapeError) {
    var last = last
    for context in contexts ?? [] {
      if let last, context < last {
        throw ShapeError(
          "contexts", "as the least number after a token of that context", expected: last,
          found: context)
      }
      last = context
    }
  }
}
