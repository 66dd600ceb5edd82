import Foundation

extension MatryoshkaConfiguration {
  /// The nested prefixes of the latents that each reconstruct alone.
  public enum Levels: Sendable, Equatable, Codable {
    /// That many levels, each half as long as the next.
    case halving(Int)
    /// The prefixes' lengths, ascending; all latents are added if they are missing: SAELens'
    /// `matryoshka_widths`.
    case widths([Int])
    /// The share of all latents that each level adds, rounded down; the last one gets the rest:
    /// dictionary_learning's `group_fractions`.
    case fractions([Double])
    /// That many levels, drawn anew in each step: the lengths of all but the last are uniform in their
    /// logarithm, so that each doubling is as likely. Equal seeds and steps draw equal ones.
    ///
    /// Source of random prefixes: Nabeshima 2024, "Matryoshka Sparse Autoencoders"; the distribution of
    /// their lengths is this library's.
    case sampled(Int, seed: UInt64 = 0)

    /// The prefixes' lengths, the last of which is the number of latents.
    ///
    /// - Throws: ``ShapeError`` if they do not ascend from 1 or more to that number or less.
    public func prefixes(latentCount: Int) throws(ShapeError) -> [Int] {
      var prefixes: [Int]
      switch self {
      case .halving(let count):
        prefixes = (0..<max(1, min(count, Int.bitWidth - 1))).map { latentCount >> $0 }
          .filter { $0 > 0 }.reversed()
      case .widths(let widths):
        prefixes = widths
        if prefixes.last != latentCount { prefixes.append(latentCount) }
      case .fractions(let fractions):
        prefixes = []
        for fraction in fractions.dropLast() {
          guard fraction > 0, fraction < 1 else {
            throw ShapeError(
              "a Matryoshka level's fraction", "times the latents, at most", expected: 1,
              found: fraction > 0 ? 2 : 0)
          }
          prefixes.append((prefixes.last ?? 0) + Int(fraction * Double(latentCount)))
        }
        prefixes.append(latentCount)
      case .sampled(let count, _):
        guard count > 0 else {
          throw ShapeError("Matryoshka levels", "or more", expected: 1, found: count)
        }
        prefixes = [latentCount]
      }
      var previous = 0
      for prefix in prefixes {
        guard prefix > previous, prefix <= latentCount else {
          throw ShapeError(
            "Matryoshka levels", "latents at most, more than on the level before (\(previous))",
            expected: latentCount, found: prefix)
        }
        previous = prefix
      }
      return prefixes
    }
  }
}

extension MatryoshkaConfiguration.Levels {
  /// The prefixes' lengths in a step of training; fewer than were asked for where two are the same.
  ///
  /// - Parameters:
  ///   - step: steps made before.
  ///   - fixed: those that do not depend on the step.
  func prefixes(step: Int, latentCount: Int, fixed: [Int]) -> [Int] {
    guard case .sampled(let count, let seed) = self else { return fixed }
    // A sequence of its own for each step, so that nothing has to be kept between steps.
    var generator = RandomGenerator(seed: seed ^ (UInt64(step) &* 0x9E37_79B9_7F4A_7C15))
    var lengths: Set<Int> = [latentCount]
    for _ in 1..<max(count, 1) {
      let length = exp(generator.uniform() * log(Double(latentCount)))
      lengths.insert(min(latentCount, max(1, Int(length.rounded()))))
    }
    return lengths.sorted()
  }
}

extension MatryoshkaConfiguration {
  /// The weight of each level's reconstruction error in the loss.
  public enum Weighting: Sendable, Equatable, Codable {
    /// 1 / levels: the loss keeps its scale whatever the number of levels, so learning rate, clipping
    /// and auxiliary coefficient carry over.
    case mean
    /// 1: SAELens.
    case sum
    /// 1 / levels², a mean of means: dictionary_learning with its default group weights.
    case meanOfMeans

    func weight(levels: Int) -> Double {
      switch self {
      case .mean: 1 / Double(levels)
      case .sum: 1
      case .meanOfMeans: 1 / Double(levels * levels)
      }
    }
  }
}
