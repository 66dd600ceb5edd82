import SAECore
import SAEMetrics

/// Compares the dictionaries of a study with each other.
struct DictionaryComparing {
  /// The cosine from which two rows count as the same.
  static let threshold = 0.7
  /// Exact matching takes cubic time; larger dictionaries are matched on their nearest rows.
  static let largestExact = 1024

  let configuration: StudyConfiguration
  /// Those that were trained.
  let trained: [AutoencoderPlan]
  let read: (AutoencoderPlan) throws -> any SparseAutoencoder

  /// How alike the seeds of each arm, width and sparsity are; boosted autoencoders are left out, since
  /// half of one is the broad one again.
  func stability() throws -> [StabilityResult] {
    guard configuration.seeds > 1 else { return [] }
    var results: [StabilityResult] = []
    for arm in [StudyArm.domain, .broad] {
      for latents in configuration.latents {
        for sparsity in configuration.sparsity {
          let dictionaries = try plans(arm, latents, sparsity).map { try read($0).decoder }
          var (cosines, fractions): ([Double], [Double]) = ([], [])
          for (index, first) in dictionaries.enumerated() {
            for second in dictionaries[(index + 1)...] {
              guard let (cosine, fraction) = try Self.match(first, second) else { continue }
              cosines.append(cosine)
              fractions.append(fraction)
            }
          }
          results.append(
            StabilityResult(
              arm: arm, latents: latents, sparsity: sparsity,
              meanCosine: SeedEstimate(cosines)?.mean,
              matchedFraction: SeedEstimate(fractions)?.mean))
        }
      }
    }
    return results
  }

  private static func match(
    _ a: Matrix, _ b: Matrix
  ) throws -> (cosine: Double, fraction: Double)? {
    if a.rows <= largestExact {
      let matching = try DictionaryMatching(a, b)
      guard let cosine = matching.meanCosine,
        let fraction = matching.matchedFraction(threshold: threshold)
      else { return nil }
      return (cosine, fraction)
    }
    guard let matching = try CandidateMatching(a, b),
      let fraction = matching.matchedFraction(threshold: threshold)
    else { return nil }
    return (matching.cosineSum / Double(a.rows), fraction)
  }

  private func plans(
    _ arm: StudyArm, _ latents: Int, _ sparsity: Double
  ) -> [AutoencoderPlan] {
    trained.filter {
      $0.arm == arm && $0.latents == latents && $0.sparsity == sparsity
    }
  }

  /// The nearest rows in other dictionaries to each latent of a domain autoencoder.
  struct Likeness: Sendable {
    /// Largest cosine with a row of the broad dictionaries of its width and sparsity, all seeds.
    let broadCosine: Double
    /// With a row of the domain dictionaries of the other seeds; none with one seed.
    let otherSeedCosine: Double?

    var isUnmatched: Bool { broadCosine < threshold }
    var isReproduced: Bool? { otherSeedCosine.map { $0 >= threshold } }
  }

  func likeness(_ plan: AutoencoderPlan) throws -> [Likeness] {
    let own = try read(plan).decoder
    func largest(_ others: [AutoencoderPlan]) throws -> [Double]? {
      var best: [Double]?
      for other in others {
        let found = try DictionarySimilarity(own, read(other).decoder).maximumCosines
          .map { $0 ?? -1 }
        best = best.map { zip($0, found).map(max) } ?? found
      }
      return best
    }
    let broad = try largest(plans(.broad, plan.latents, plan.sparsity)) ?? []
    let seeds = try largest(
      plans(plan.arm, plan.latents, plan.sparsity).filter { $0.seed != plan.seed })
    return broad.indices.map {
      Likeness(broadCosine: broad[$0], otherSeedCosine: seeds?[$0])
    }
  }

  /// - Parameter isLive: of each latent, whether it fired often enough on held-out domain text.
  func unmatched(_ plan: AutoencoderPlan, isLive: [Bool]) throws -> UnmatchedResult {
    let live = zip(try likeness(plan), isLive).filter(\.1).map(\.0)
    let unmatched = live.filter(\.isUnmatched)
    return UnmatchedResult(
      plan: plan, live: live.count, unmatched: unmatched.count,
      reproduced: configuration.seeds > 1
        ? unmatched.count { $0.isReproduced == true } : nil)
  }
}
