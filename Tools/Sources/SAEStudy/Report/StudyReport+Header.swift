/// The question, the answer, and the figures it rests on.
extension StudyReport {
  func header() -> String {
    let subject = HTML.escape(results.subject)
    let configuration = results.configuration
    return """
      <p class="kicker">Sparse autoencoders · domain against broad</p>
      <h1>Does an autoencoder trained on the domain explain the domain better than one trained on \
      broad text?</h1>
      <p class="answer">\(answer())</p>
      <div class="tiles">\(tiles().joined())</div>
      <p class="subject">Of \(subject). \(HTML.count(results.autoencoders.count)) autoencoders \
      (\(configuration.architecture.name), \(widths.map(HTML.count).joined(separator: " and ")) \
      latents), each trained on \(HTML.count(configuration.steps * configuration.batch)) tokens from \
      \(HTML.count(results.streamTokens)) different ones of its kind, with \(configuration.seeds) \
      seed\(configuration.seeds == 1 ? "" : "s"); judged on text that none of them was trained on.</p>
      \(notes())
      """
  }

  private func notes() -> String {
    let notes = (results.notes ?? []).map { "Note: \($0)." } + warnings.map { "Warning: \($0)." }
    return notes.map { "<p class=\"subject\">\(HTML.escape($0))</p>" }.joined()
  }

  /// Two sentences: the result on the domain, and its cost elsewhere.
  func answer() -> String {
    guard let onDomain = comparison(.fractionOfVarianceExplained, on: .domain) else {
      return "There is nothing to compare."
    }
    guard let gap = onDomain.gap(.domain), let l0 = onDomain.l0, let own = onDomain[.domain],
      let other = onDomain[.broad]
    else {
      return
        "The autoencoders' L0s do not overlap, so that nothing can be said at equal L0; the plots "
        + "show what was measured."
    }
    let verdict: String
    switch gap.excludesZero {
    case true: verdict = gap.mean > 0 ? "<b>Yes.</b>" : "<b>No, worse.</b>"
    case false: verdict = "<b>Not settled by these runs.</b>"
    default: verdict = gap.mean > 0 ? "<b>Yes, in one run.</b>" : "<b>No, in one run.</b>"
    }
    let untrained = untrained
    let beginning =
      untrained.isEmpty
      ? verdict
      : "<b>No answer: these autoencoders are not trained.</b> \(untrained.joined(separator: " ")) What "
        + "was measured all the same:"
    var text = """
      \(beginning) At an L0 of \(HTML.number(l0, 0)), dictionaries of \(HTML.count(widest)) latents \
      trained on the domain explain \(HTML.percent(own.mean, 1)) of the variance of held-out domain \
      text, those trained on broad text \(HTML.percent(other.mean, 1))
      """
    if let boosted = onDomain[.boosted] {
      text +=
        ", and broad ones boosted by a small domain autoencoder "
        + "\(HTML.percent(boosted.mean, 1))"
    }
    text += """
      . Over all L0s training on the domain means a difference of \
      <b>\(HTML.estimate(points(gap), 1, sign: true))</b> percentage points
      """
    if let back = comparison(.fractionOfVarianceExplained, on: .broad)?.gap(.domain) {
      var size = points(back)
      size.mean = abs(size.mean)
      text += """
        , and on held-out broad text a \(back.mean < 0 ? "cost" : "gain") of \
        <b>\(HTML.estimate(size, 1))</b>
        """
    }
    return text
      + (gap.margin == nil
        ? " (one seed)." : " (± is the 95% interval over \(gap.seeds) seeds).")
  }

  /// The answer without markup.
  public var plainAnswer: String {
    answer().replacing("<b>", with: "").replacing("</b>", with: "")
  }

  /// Shares as percentage points.
  func points(_ estimate: SeedEstimate) -> SeedEstimate {
    var scaled = estimate
    scaled.mean *= 100
    scaled.margin = estimate.margin.map { 100 * $0 }
    return scaled
  }

  private func tile(_ figure: String, _ what: String) -> String {
    "<div class=\"tile\"><div class=\"figure\">\(figure)</div><div class=\"what\">\(what)</div></div>"
  }

  private func tiles() -> [String] {
    var tiles: [String] = []
    if let gap = comparison(.fractionOfVarianceExplained, on: .domain)?.gap(.domain) {
      tiles.append(
        tile(
          "\(HTML.number(100 * gap.mean, 1, sign: true)) <small>points"
            + "\(gap.margin.map { " ± \(HTML.number(100 * $0, 1))" } ?? "")</small>",
          "variance explained on domain text, domain minus broad, at equal L0"))
    }
    if let gap = comparison(.lossRecovered, on: .domain)?.gap(.domain) {
      tiles.append(
        tile(
          "\(HTML.number(100 * gap.mean, 1, sign: true)) <small>points"
            + "\(gap.margin.map { " ± \(HTML.number(100 * $0, 1))" } ?? "")</small>",
          "of the model's loss recovered on domain text, domain minus broad, at equal L0"))
    }
    if let linear = comparison(.linearUnexplained, on: .domain),
      let own = linear[.domain], let other = linear[.broad]
    {
      tiles.append(
        tile(
          "\(HTML.percent(own.mean, 1)) <small>against \(HTML.percent(other.mean, 1))</small>",
          "of the variance left over although it is linear in the activations, domain against broad"
        ))
    }
    let unmatched = results.unmatched.filter {
      $0.plan.latents == widest && $0.plan.sparsity == middleSparsity
    }
    let shares = unmatched.compactMap { $0.reproducedFraction ?? $0.unmatchedFraction }
    if let share = SeedEstimate(shares) {
      tiles.append(
        tile(
          HTML.percent(share.mean),
          results.configuration.seeds > 1
            ? "of the live domain latents have no counterpart in any broad dictionary, but one in "
              + "another domain seed"
            : "of the live domain latents have no counterpart in the broad dictionary"))
    }
    let found = results.autoencoders.filter {
      $0.plan.latents == widest && $0.plan.sparsity == middleSparsity
    }
    if let own = SeedEstimate(
      found.filter { $0.plan.arm == .domain }.compactMap { $0.recovery?.domainOnlyFound }),
      let other = SeedEstimate(
        found.filter { $0.plan.arm == .broad }.compactMap { $0.recovery?.domainOnlyFound })
    {
      tiles.append(
        tile(
          "\(HTML.percent(own.mean)) <small>against \(HTML.percent(other.mean))</small>",
          "of the features that only domain text has were found, domain against broad"))
    }
    return tiles
  }
}
