import SAECore

/// Notes on the trainings, which a reader needs before the results.
extension StudyReport {
  /// An autoencoder that explains less of the variance of its own kind of text is not trained.
  static let leastExplained = 0.2
  /// Different tokens that a latent takes at least, to be learned and not memorized.
  static let leastTokensPerLatent = 10

  /// Why the autoencoders that are compared are not trained, in sentences; empty if they are.
  var untrained: [String] {
    var reasons: [String] = []
    let compared = results.autoencoders.filter {
      $0.plan.latents == widest && $0.plan.arm != .boosted
    }
    let explained = compared.compactMap { result in
      result.measurement(on: result.plan.arm == .domain ? .domain : .broad)
        .fractionOfVarianceExplained
    }
    let poor = explained.filter { !($0 >= Self.leastExplained) }
    if let least = poor.min() {
      reasons.append(
        "\(poor.count) of \(compared.count) explain less than \(HTML.percent(Self.leastExplained)) of the "
          + "variance of held-out text of their own kind, the least \(HTML.percent(least, 1)).")
    }
    let dead = compared.count { result in
      (result.warnings ?? []).contains { warning in
        switch warning {
        case .deadLatents(let dead, let all): 2 * dead > all
        case .noActiveLatents, .hardlyAnyActiveLatent: true
        default: false
        }
      }
    }
    if dead > 0 {
      reasons.append("Of \(dead) of \(compared.count) more than half of the latents are dead.")
    }
    if results.streamTokens < Self.leastTokensPerLatent * widest {
      reasons.append(
        "\(HTML.count(results.streamTokens)) different tokens are too few for \(HTML.count(widest)) "
          + "latents: at least \(Self.leastTokensPerLatent) for each are.")
    }
    return reasons
  }

  /// The warnings of each autoencoder, and the ones that failed, one line each.
  public var warnings: [String] {
    (results.failures ?? []).map {
      "\($0.autoencoder) is missing, its training failed: \($0.reason)"
    }
      + results.autoencoders.flatMap { result in
        (result.warnings ?? []).map { "\(result.plan.name): \($0)" }
      }
  }
}
