/// The tables.
extension StudyReport {
  private func mark(_ arm: StudyArm) -> String {
    "<span class=\"dot \(arm.rawValue)\"></span>"
  }

  private func dot(_ arm: StudyArm) -> String { mark(arm) + Self.short(arm) }

  /// Kind, stability and cost of the latents.
  func meaning() -> String {
    let rows = widths.flatMap { latents in
      results.configuration.sparsity.sorted().flatMap { sparsity in
        arms.map { arm in row(arm, latents, sparsity) }
      }
    }
    guard !rows.isEmpty else { return "" }
    return """
      <section id="latents-kinds">
      <h2>What the latents are</h2>
      <p class="lead">On held-out domain text, means over seeds with their 95% intervals. Of the latents with ten firings or \
      more: <i>trivial</i> are those of which one of the hundred commonest tokens takes half of the \
      firings; <i>conceptual</i> those of which no token takes half and the hundred commonest \
      together take less than half (definitions of this library). <i>Unmatched</i> domain latents \
      have no decoder row within cosine 0.7 in any broad dictionary of their size; <i>reproduced</i> \
      are those of them that a domain dictionary of another seed has, too.</p>
      \(HTML.table(
        ["autoencoder", "latents", settingName, "trivial", "conceptual", "unmatched", "reproduced",
         "seed stability", "bits per token", "live", "dense"], rows))
      <p class="note">Seed stability: mean cosine of decoder rows matched one to one between seeds. \
      Bits per token: the shortest code of the quantized latents that costs at most 5% more error. \
      Dense: active on more than a tenth of the tokens. A boosted autoencoder has its booster's \
      latents besides.</p>
      </section>
      """
  }

  private func row(_ arm: StudyArm, _ latents: Int, _ sparsity: Double) -> [String] {
    func share(_ value: (AutoencoderMeasurement) -> Double?) -> String {
      percent(estimate(arm, latents, sparsity, on: .domain, value))
    }
    let unmatched = results.unmatched.filter {
      $0.plan.arm == arm && $0.plan.latents == latents && $0.plan.sparsity == sparsity
    }
    let stable = results.stability.first {
      $0.arm == arm && $0.latents == latents && $0.sparsity == sparsity
    }
    return [
      dot(arm), HTML.count(latents), Self.sparsity(sparsity), share(\.trivialFraction),
      share(\.conceptualFraction),
      percent(SeedEstimate(unmatched.compactMap(\.unmatchedFraction))),
      percent(SeedEstimate(unmatched.compactMap(\.reproducedFraction))),
      HTML.number(stable?.meanCosine, 2),
      HTML.cell(estimate(arm, latents, sparsity, on: .domain, \.bitsPerToken), 0),
      share(\.aliveFraction), share(\.denseFraction),
    ]
  }

  /// A share with its interval.
  private func percent(_ estimate: SeedEstimate?) -> String {
    HTML.cell(estimate.map(points), 0, unit: "\u{A0}%")
  }

  /// All comparisons, the narrow dictionaries' as well.
  func equalL0() -> String {
    let names: [(WidthComparison.Quality, String)] = [
      (.fractionOfVarianceExplained, "variance explained"), (.lossRecovered, "loss recovered"),
      (.linearUnexplained, "left over, linear"), (.nonlinearUnexplained, "left over, nonlinear"),
    ]
    let others = arms.filter { $0 != .broad }
    var rows: [[String]] = []
    for text in StudyText.allCases {
      for (quality, name) in names {
        for latents in widths {
          guard
            let found = results.comparisons.first(where: {
              $0.latents == latents && $0.text == text && $0.quality == quality
            }), let l0 = found.l0
          else { continue }
          func value(_ estimate: SeedEstimate?, sign: Bool = false) -> String {
            HTML.cell(estimate.map(points), 1, sign: sign)
          }
          rows.append(
            ["\(text.rawValue) text: \(name)", HTML.count(latents), HTML.number(l0, 0)]
              + arms.map { value(found[$0]) }
              + others.map { "<b>\(value(found.gap($0), sign: true))</b>" })
        }
      }
    }
    guard !rows.isEmpty else { return "" }
    return """
      <section id="equal">
      <h2>At equal L0</h2>
      <p class="lead">Per cent, read off each seed's curve at the L0 in the middle of what the curves \
      of the width share; and differences in percentage points, averaged over all that two curves \
      share. ± is the 95% interval over seeds.</p>
      \(HTML.table(
        ["on held-out", "latents", "at L0"] + arms.map(dot)
          + others.map { "\(Self.short($0)) − broad" }, rows))
      </section>
      """
  }

  /// The known features that were found.
  func recovery() -> String {
    guard results.autoencoders.contains(where: { $0.recovery != nil }) else { return "" }
    let rows = widths.flatMap { latents in
      results.configuration.sparsity.sorted().flatMap { sparsity in
        arms.map { arm -> [String] in
          let own = results(arm, latents, sparsity).compactMap(\.recovery)
          func text(_ value: (Recovery) -> Double?) -> String {
            percent(SeedEstimate(own.compactMap(value)))
          }
          return [
            dot(arm), HTML.count(latents), Self.sparsity(sparsity), text(\.domainOnlyFound),
            text(\.commonFound), text(\.broadOnlyFound),
            HTML.number(
              SeedEstimate(own.compactMap(\.domainOnlyMeanMaximumCosine))?.mean, 2),
            HTML.number(SeedEstimate(own.compactMap(\.f1))?.mean, 2),
          ]
        }
      }
    }
    return """
      <section id="recovery">
      <h2>Against the truth</h2>
      <p class="lead">The world's features are known: a feature counts as found if a decoder row has \
      a cosine above 0.9 with it. F1 is that of a latent's firing for its nearest feature, on \
      held-out domain text, mean over latents.</p>
      \(HTML.table(
        ["autoencoder", "latents", settingName, "domain-only found", "common found",
         "broad-only found", "mean max cosine, domain-only", "F1"], rows))
      </section>
      """
  }

  func allAutoencoders() -> String {
    let hasLoss = results.autoencoders.contains { $0.onDomain.lossRecovered != nil }
    var head = [
      "autoencoder", "latents", "L0", "FVE", "95% interval",
      "linear left", "nonlinear left", "bits", "live",
    ]
    if hasLoss { head += ["loss recovered", "loss added"] }
    head += ["broad: L0", "FVE"]
    if hasLoss { head += ["loss recovered"] }
    let rows = results.autoencoders.map { result -> [String] in
      let (own, broad) = (result.onDomain, result.onBroad)
      var cells = [
        mark(result.plan.arm) + HTML.escape(result.plan.name), HTML.count(result.latentCount),
        HTML.number(own.l0, 1),
        HTML.number(own.fractionOfVarianceExplained, 4),
        own.fractionOfVarianceExplainedInterval.map {
          "\(HTML.number($0.lower, 3)) – \(HTML.number($0.upper, 3))"
        } ?? "–",
        HTML.percent(own.linearUnexplained, 1), HTML.percent(own.nonlinearUnexplained, 1),
        HTML.number(own.bitsPerToken, 0), HTML.percent(own.aliveFraction),
      ]
      if hasLoss {
        cells += [HTML.number(own.lossRecovered, 4), HTML.number(added(own), 3, sign: true)]
      }
      cells += [
        HTML.number(broad.l0, 1), HTML.number(broad.fractionOfVarianceExplained, 4),
      ]
      if hasLoss { cells.append(HTML.number(broad.lossRecovered, 4)) }
      return cells
    }
    return """
      <section id="all">
      <h2>All autoencoders</h2>
      <p class="lead">Named by what they were trained on, latents (of a boosted one: of its base), \
      \(settingName) and seed. On held-out domain text, and on held-out broad text where it says so. The \
      interval of the FVE is by resampling contexts, for the one autoencoder as it is.</p>
      <details class="all" open><summary>\(HTML.count(rows.count)) autoencoders</summary>
      \(HTML.table(head, rows, classes: "all"))
      </details>
      </section>
      """
  }

  /// Nats that the reconstruction adds to the model's loss.
  private func added(_ measurement: AutoencoderMeasurement) -> Double? {
    guard let spliced = measurement.splicedLoss, let clean = measurement.cleanLoss else {
      return nil
    }
    return spliced - clean
  }

  func latents() throws -> String {
    guard !browsers.isEmpty else { return "" }
    return ReportPage.browserSection(
      browsers,
      lead: "Latents on held-out domain text, each with the contexts in which it is strongest; the "
        + "deeper a token, the stronger it fires. Search the contexts, the promoted tokens, or "
        + "#number.",
      notes: browsers.compactMap(judgment))
  }

  /// How well a judge's explanations tell where the latents of a dictionary are active.
  private func judgment(_ browser: LatentBrowser) -> String? {
    guard let judge = browser.judge else { return nil }
    return """
      <b>\(HTML.escape(browser.title))</b>: a judge explained \(HTML.count(judge.latentsJudged)) \
      latents from their strongest contexts and told from its explanations in which other texts they \
      fire, with a mean balanced accuracy of <b>\(HTML.number(judge.meanScore, 2))</b> (0.5 is chance). \
      \(HTML.escape(judge.account))
      """
  }

  func method() -> String {
    let configuration = results.configuration
    let json = (try? StudyJSON.encode(configuration)).map { String(decoding: $0, as: UTF8.self) }
    let boosted =
      configuration.boosts
      ? """
      <li>A boosted autoencoder is a broad one, frozen, with a booster of a quarter of its active \
      latents that learned on the domain what the broad one leaves over (Koriagin et al. 2025). \
      Counting its base, it has seen twice the tokens of the others; its L0 counts both parts.</li>
      """ : ""
    return """
      <section id="method">
      <h2>How this was made</h2>
      <ul class="note">
      <li>Same tokens, positions and pooling for all autoencoders; special tokens are left out. \
      Every ratio is made once from sums over all counted tokens, never averaged over batches.</li>
      <li>Both arms have the same number of different tokens, steps, batch size, learning rate and \
      seeds. Autoencoders of one seed and kind of text saw the same batches in the same order.</li>
      <li>“At equal L0” is read off each seed's own curve, linear in log L0 between its points, and \
      never beyond them. Intervals over seeds are Student's; they say how much trainings differ, \
      not how much texts do.</li>
      \(boosted)
      <li>The experiment is that of O'Neill et al. 2025 (arXiv 2508.09363). Intervals, description \
      length, stability, the broad text and boosting are additions.</li>
      </ul>
      <details><summary>Configuration</summary><pre>\(HTML.escape(json ?? ""))</pre></details>
      <footer>Made by swift-sae \(HTML.escape(results.libraryVersion)). The numbers are in \
      results.json.</footer>
      </section>
      """
  }
}
